"""The checks behind `doctor`, in the order in which they depend on each other."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from crm_bridge.bridge.setup.clock_watch import FAR_SECONDS
from crm_bridge.bridge.setup.kept import rollback_warning
from crm_bridge.domain.capabilities import Step, Support
from crm_bridge.errors import CrmBridgeError
from crm_bridge.exit_codes import ExitCode
from crm_bridge.i18n import N_, _
from crm_bridge.redaction import clean
from crm_bridge.shell import pasteable

if TYPE_CHECKING:
    from crm_bridge.bridge import Bridge
    from crm_bridge.spi.adapter import Profile

LEVELS = ("ok", "warning", "problem")
TIGHT_BYTES, TOO_FEW_BYTES = 1024**3, 64 * 1024**2
FEW_CALLS = 200
KEYS_FROM = 50
STEP_NAMES = {Step.TRASH: N_("move to the bin"), Step.PURGE: N_("delete for good")}


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One line: which check, how it is (`ok`, `warning`, `problem`), what was found, what to do."""

    check: str
    level: str
    says: str
    hint: str = ""
    exit_code: int = 0

    @property
    def rank(self) -> int:
        """Return 0 for ok, 1 for warning, 2 for problem."""
        return LEVELS.index(self.level)


def ok(check: str, says: str) -> DoctorFinding:
    """Return a line about something that is as it should be."""
    return DoctorFinding(check, "ok", says)


def warning(check: str, says: str, hint: str) -> DoctorFinding:
    """Return a line about something that should be looked at; the exit code stays 0."""
    return DoctorFinding(check, "warning", says, hint)


def problem(check: str, error: CrmBridgeError) -> DoctorFinding:
    """Return a line about something that must be put right."""
    return DoctorFinding(check, "problem", error.message, error.hint, error.exit_code)


class Doctor:
    """All checks of one connection. A check that another one depends on ends its branch, never the whole."""

    def __init__(self, bridge: Bridge, name: str) -> None:
        """Look at connection `name`."""
        self._bridge = bridge
        self._name = name
        self._profile: Profile | None = None
        bridge.on_call = bridge.on_call if bridge.on_call is not None else []

    def run(self) -> list[DoctorFinding]:
        """Return every line; nothing is raised for what is found."""
        checks: tuple[tuple[str, Callable[[], Iterator[DoctorFinding]]], ...] = (
            ("home", self._home),
            ("disk", self._disk),
            ("journal", self._journal),
            ("review", self._review),
            ("vault", self._vault),
            ("configuration", self._configuration),
            ("secrets", self._secrets),
            ("sign-in", self._sign_in),
            ("clock", self._clock),
            ("rights", self._rights),
            ("module", self._module),
            ("keys", self._keys),
            ("quota", self._quota),
        )
        return [finding for check, look in checks for finding in _caught(check, look)]

    def _home(self) -> Iterator[DoctorFinding]:
        open_to_others = [
            path.relative_to(self._bridge.home)
            for path in self._bridge.home.rglob("*")
            if not path.is_symlink() and path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
        ]
        if open_to_others:
            says = _("{count} files may be read by others, e.g. {name}").format(
                count=len(open_to_others), name=open_to_others[0]
            )
            yield warning(
                "home", says, _("run: {command}").format(command=pasteable("chmod", "-R", "go-rwx", self._bridge.home))
            )
        else:
            yield ok("home", _("{path} is yours alone").format(path=self._bridge.home))

    def _disk(self) -> Iterator[DoctorFinding]:
        free = shutil.disk_usage(self._bridge.home).free
        says = _("{count} MB free").format(count=free // 1024**2)
        hint = _("free some space: backups and journal need it")
        if free < TOO_FEW_BYTES:
            yield DoctorFinding("disk", "problem", says, hint, 1)
        elif free < TIGHT_BYTES:
            yield warning("disk", says, hint)
        else:
            yield ok("disk", says)

    def _journal(self) -> Iterator[DoctorFinding]:
        journal = self._bridge.journal  # opening it checks keys, pin and seals, and commits a real write
        size = journal.head().size
        yield ok("journal", _("{count} entries, sealed").format(count=size))
        if journal.pin_stale:
            yield warning("pin", _("the head pin could not be written"), _("unlock the keyring, then run this again"))
        elif not journal.rollback_is_detected:
            yield warning("pin", _("rollback is not detected"), rollback_warning())
        else:
            yield ok("pin", _("size and root of the journal are kept outside it"))
        if not journal.ballast_ready:
            yield warning("journal", _("no space is held back for outcomes"), _("free some space"))
        if count := len(journal.open_intents()):
            says = _("{count} calls of an interrupted run are not settled").format(count=count)
            yield warning("journal", says, _("run `crm-bridge resume`"))

    def _review(self) -> Iterator[DoctorFinding]:
        from crm_bridge.pipeline.signing_off import days_overdue

        env = self._bridge.env
        late = days_overdue(self._bridge.journal, now=env.clock.now(), days=env.config.review_days)
        if late is not None:
            says = _("a review of what was deleted is overdue by {days} days").format(days=late)
            yield warning("review", says, _("look at it with `crm-bridge review`, then sign it off"))

    def _vault(self) -> Iterator[DoctorFinding]:
        from crm_bridge.errors import BackupError
        from crm_bridge.files import ensure_private_folder, write_private

        folder = ensure_private_folder(self._bridge.vault.folder, error=BackupError)
        trial = folder / ".doctor"
        write_private(trial, b"a write that is read back\n")
        trial.unlink()
        sets = list(self._bridge.vault.sets())
        yield ok("vault", _("can be written; {count} backups").format(count=len(sets)))
        if half := sum(not one.complete for one in sets):
            says = _("{count} backups were not finished").format(count=half)
            yield warning("vault", says, _("run `crm-bridge vault list`"))

    def _configuration(self) -> Iterator[DoctorFinding]:
        resolved = self._bridge.resolved(self._name)
        says = f"{resolved.spec.title}: {', '.join(resolved.origins)}"
        if proxy := resolved.network.proxy:
            says += _(", through the proxy {name}").format(name=proxy.name)
        yield ok("configuration", says)

    def _secrets(self) -> Iterator[DoctorFinding]:
        from crm_bridge.bridge.setup.signing_in import secret_rows

        if self._name not in self._bridge.env.connections:
            return
        rows = secret_rows(self._bridge, self._bridge.resolved(self._name))
        hint = _("run `crm-bridge login {name}`").format(name=self._name)
        for row in rows:
            if row["store"] is None and row["required"]:
                says = row.get("problem") or _("{item} is missing").format(item=row["item"])
                yield DoctorFinding("secrets", "problem", says, hint, 1)
        stores = sorted({row["store"] for row in rows if row["store"]})
        if stores:
            yield ok("secrets", ", ".join(stores))

    def _sign_in(self) -> Iterator[DoctorFinding]:
        if self._name not in self._bridge.env.connections:
            return
        self._profile = profile = self._bridge.profile(self._name)
        yield ok("sign-in", f"{profile.user_name} @ {profile.org_name} ({profile.org_id}, {profile.environment})")
        for text in profile.warnings:
            yield warning("sign-in", text, "")

    def _clock(self) -> Iterator[DoctorFinding]:
        skews = [record.skew for record in self._bridge.on_call or [] if record.skew is not None]
        if not skews:
            return
        skew = skews[-1]
        says = _("{seconds} s away from the CRM's clock").format(seconds=f"{abs(skew):.0f}")
        if abs(skew) > FAR_SECONDS:
            yield warning("clock", says, _("set this machine's clock; nothing depends on it, times in receipts do"))
        else:
            yield ok("clock", says)

    def _rights(self) -> Iterator[DoctorFinding]:
        if self._profile is None:
            return
        for step, name in STEP_NAMES.items():
            support = self._profile.may.get(step, Support.UNPROVEN)
            if support is Support.FULL:
                yield ok("rights", _("may {step}").format(step=_(name)))
            elif support is Support.ABSENT:
                hint = self._profile.why.get(step) or _("ask an administrator of the CRM for this right")
                yield self._denied(step, _("may not {step}").format(step=_(name)), hint)
            else:
                says = _("the CRM does not tell beforehand whether this user may {step}").format(step=_(name))
                yield warning("rights", says, _("delete one contract first"))

    @staticmethod
    def _denied(step: Step, says: str, hint: str) -> DoctorFinding:
        # Without the first step nothing can be deleted at all; the second is for those who need it.
        return (
            DoctorFinding("rights", "problem", says, hint, ExitCode.HELD)
            if step is Step.TRASH
            else warning("rights", says, hint)
        )

    def _module(self) -> Iterator[DoctorFinding]:
        if self._profile is None:
            return
        profile = self._profile
        mapped = {meaning: name for meaning, name in profile.field_map.items() if name}
        says = _("{label} ({name}), {count} fields").format(
            label=profile.module_label, name=profile.module, count=len(profile.fields)
        )
        yield ok("module", says)
        pairs = ", ".join(f"{meaning}={name or '-'}" for meaning, name in profile.field_map.items())
        yield ok("fields", pairs) if mapped else warning("fields", _("no field is mapped"), _("see `connections show`"))
        if missing := [meaning for meaning in profile.field_map if meaning not in mapped]:
            says = _("no field is taken for: {names}").format(names=", ".join(missing))
            yield warning("fields", says, _('name the field in the connection: fields = { MEANING = "FIELD" }'))

    def _keys(self) -> Iterator[DoctorFinding]:
        """Look at a few contracts for keys that no metadata explains: an edit of them alone would go unnoticed."""
        content = self._profile.content if self._profile else None
        if content is None:
            return
        contracts = islice(self._bridge.connect(self._name).find(limit=KEYS_FROM), KEYS_FROM)
        names = content.undescribed(contract.raw for contract in contracts)
        if names:
            says = _("contracts carry keys that no metadata describes: {names}").format(
                names=", ".join(clean(name[:60]) for name in names[:20])
            )
            yield warning("keys", says, _("backups keep them; a change of nothing but them is not noticed"))
        else:
            yield ok("keys", _("metadata describes every key of the contracts that were read"))

    def _quota(self) -> Iterator[DoctorFinding]:
        left = self._profile.calls_left if self._profile else None
        if left is None:
            return
        says = _("{count} calls left today").format(count=left)
        yield warning("quota", says, _("wait until the quota is renewed")) if left < FEW_CALLS else ok("quota", says)


def _caught(check: str, look: Callable[[], Iterator[DoctorFinding]]) -> Iterator[DoctorFinding]:
    try:
        yield from look()
    except CrmBridgeError as error:
        yield problem(check, error)
    except OSError as error:
        yield DoctorFinding(check, "problem", error.strerror or type(error).__name__, _("check the state directory"), 1)
