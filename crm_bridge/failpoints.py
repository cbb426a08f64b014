"""Places where a test harness can stop the program: one before and one after every durable or remote step.

`CRM_BRIDGE_FAILPOINT=name:count:kill|raise|hang` acts when `name` is passed for the `count`-th time.
Harmless in production: it is refused unless every connection is loopback (see `bridge.opening`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from crm_bridge.errors import CrmBridgeError, UsageError
from crm_bridge.i18n import N_, _

VARIABLE = "CRM_BRIDGE_FAILPOINT"

STEPS: Mapping[str, str] = {
    "journal.open": N_("create or open the journal and prove that it can be written"),
    "journal.commit": N_("commit one transaction of the journal, whatever it holds"),
    "file.write": N_("replace a file of the state directory: tokens, keys, configuration"),
    "call.token": N_("ask the CRM for a token"),
    "call.read": N_("send one call that reads, and read its answer"),
    "call.download": N_("download a file"),
    "call.create": N_("send one call that creates or changes something"),
    "call.destroy": N_("send one call that destroys something"),
    "signin": N_("sign in and read who may do what"),
    "find": N_("read one page of a listing"),
    "plan.file": N_("write the plan file"),
    "plan.journal": N_("journal the plan"),
    "plan.shelf": N_("keep a copy of the plan in the state directory"),
    "rehearsal.journal": N_("journal what a rehearsal showed"),
    "lease": N_("lease the records for this run"),
    "run.start": N_("journal the start of a run"),
    "snapshot": N_("read contracts with everything around them"),
    "vault.add": N_("add a snapshot to the backup set"),
    "vault.close": N_("seal the backup set and read it back"),
    "backup.journal": N_("journal the verified backups"),
    "gate": N_("look at the contracts once more before deleting"),
    "intent": N_("journal the intent"),
    "remove": N_("send the deletion"),
    "outcome": N_("journal what the CRM answered"),
    "reconcile": N_("look where a contract in doubt is"),
    "reconcile.journal": N_("journal what was found"),
    "verify": N_("look whether the contracts are gone"),
    "verify.journal": N_("journal what was seen"),
    "run.end": N_("journal the end of a run"),
    "release": N_("give the leases of a run back"),
    "pin": N_("pin the journal's head outside its file"),
    "receipt": N_("write the receipt"),
    "prove.intent": N_("journal that a contract of our own is about to be created"),
    "prove.create": N_("create a contract of our own"),
    "prove.outcome": N_("journal what became of it"),
    "prove.remove": N_("remove contracts of our own"),
    "prove.plan": N_("journal by which plan contracts of our own are removed"),
    "backup.made": N_("journal a backup that was made without a deletion"),
    "export.made": N_("journal that contracts were written to a file for people"),
    "restore.look": N_("look where a contract is before restoring it"),
    "restore.start": N_("journal the start of a restore"),
    "restore.intent": N_("journal the intent to restore"),
    "restore": N_("restore contracts"),
    "restore.seen": N_("look whether what was brought back is live"),
    "restore.outcome": N_("journal what came back"),
    "restore.verify": N_("compare what came back with the snapshot"),
    "restore.measured": N_("journal what the comparison showed"),
    "relink.confirmed": N_("journal which references were confirmed"),
    "relink.intent": N_("journal the intent to set references"),
    "relink": N_("set references of other records"),
    "relink.outcome": N_("journal what became of the references"),
    "vault.confirmed": N_("journal which backup sets were confirmed for disposal"),
    "vault.dispose": N_("remove a backup set or destroy its key"),
    "vault.disposed": N_("journal that a backup set is disposed of"),
    "key.next": N_("keep the next signing key beside the one in force"),
    "key.finish": N_("put the next signing key in its place"),
    "plan.announce": N_("journal that a plan is announced"),
    "plan.hold": N_("put a contract on the hold list"),
    "plan.object": N_("journal an objection to a contract of a plan"),
    "team.journal": N_("journal a change of those who approve plans"),
    "watch.journal": N_("journal what a watch found"),
    "notify.queue": N_("enter a message in the outbox"),
    "notify.intent": N_("note in the outbox that a message is about to leave"),
    "notify.send": N_("send a message"),
    "notify.note": N_("note in the outbox what became of a message"),
    "notify.journal": N_("journal how many messages were sent"),
    "review.sign_off": N_("journal up to which entry the journal was reviewed"),
    "journal.aside": N_("set a journal aside that cannot be opened"),
}
"""Every step by name; each has the failpoints `<name>.before` and `<name>.after`."""

ACTIONS = ("kill", "raise", "hang")


class FailpointError(CrmBridgeError):
    """A failpoint with the action `raise` was passed."""


@dataclass(slots=True)
class _Armed:
    name: str
    left: int
    action: str


_lock = threading.Lock()
_armed: _Armed | None = None


def names() -> tuple[str, ...]:
    """Return every failpoint in the order of the journey."""
    return tuple(f"{step}.{side}" for step in STEPS for side in ("before", "after"))


def arm(setting: str | None) -> None:
    """Arm one failpoint from text `name:count:action`, or none. Raises UsageError for a name that does not exist."""
    global _armed
    if not setting:
        _armed = None
        return
    parts = setting.split(":")
    if len(parts) != 3 or parts[0] not in names() or not parts[1].isdigit() or parts[2] not in ACTIONS:
        raise UsageError(
            _("{variable} is not name:count:kill|raise|hang: {setting}").format(variable=VARIABLE, setting=setting),
            hint=_("list the names with `crm-bridge debug failpoints`"),
        )
    _armed = _Armed(parts[0], max(1, int(parts[1])), parts[2])


def hit(name: str) -> None:
    """Pass a failpoint."""
    armed = _armed
    if armed is None or armed.name != name:
        return
    with _lock:
        armed.left -= 1
        if armed.left != 0:
            return
    if armed.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "hang":
        threading.Event().wait()
    raise FailpointError(_("failpoint {name}").format(name=name))


@contextmanager
def step(name: str) -> Iterator[None]:
    """Pass `<name>.before`, do the step, pass `<name>.after`."""
    hit(f"{name}.before")
    yield
    hit(f"{name}.after")
