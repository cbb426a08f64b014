"""The fault matrix: every call of a journey, every fault; what came of it, and what must never come of it."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.lifecycle import Outcome
from crm_bridge.errors import CrmBridgeError, NothingMatchedError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.sandbox.faults import FaultRule, Match
from tests.faults.kinds import Fault
from tests.faults.rig import CONTRACTS, PATIENT, Aim, Rig, Seen, hasty
from tests.slowness import slowness

TARGETS = 2
DESTRUCTIVE = {
    "fxiaoke": re.compile(r"POST .*/data/(invalid|delete)\b"),
    "zoho": re.compile(r"DELETE /crm/|POST .*/(mass_delete|recycle_bin/actions/(delete|empty))\b"),
}


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One call of the journey: in which verb, which address, and the how manieth of them there."""

    adapter: str
    step: str
    verb: str
    method: str
    path: str
    nth: int = 1

    @property
    def column(self) -> str:
        """Return what the verb is for, as the fault matrix names its columns."""
        verb, number = self.verb.rsplit("-", 1)
        if verb == "whoami":
            return "sign_in" if self._is_token else "metadata"
        if verb == "prepare":
            return "gate"  # asked before a step is sent, as the last look is
        if verb == "snapshot":
            return "snapshot" if number == "1" else "measure"
        if verb != "locate":
            return verb
        # In the order of the journey: look, remove, look again; twice over where deleting takes two steps.
        steps = {"trash": ("gate", "verify", "way_back"), "purge": ("gate", "verify", "gate", "verify", "way_back")}
        return steps[self.step][min(int(number), len(steps[self.step])) - 1]

    @property
    def _is_token(self) -> bool:
        return "token" in self.path.lower()

    def __str__(self) -> str:
        return f"{self.adapter} {self.step} {self.verb} {self.method} {self.path} #{self.nth}"

    def rule(self, fault: Fault, *, lasting: bool) -> FaultRule:
        """Return the fault plan that spoils this call; `lasting`: and every later one of its kind."""
        if fault.kind == "refuse":
            return FaultRule("refuse", Match(count=None if lasting else 1))
        match = Match(method=self.method, pattern=f"^{self.path}([?]|$)", nth=self.nth, count=None if lasting else 1)
        return FaultRule(fault.kind, match, fault.arguments)


@dataclass(slots=True)
class Result:
    """What came of one case. `codes` are the exit codes of plan, apply and restore with the fault in force."""

    call: Call
    fault: str
    lasting: bool
    met: bool = False
    codes: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def template(target: str) -> str:
    """Return a pattern for the path of a target: long numbers stand for any number."""
    path = target.partition("?")[0]
    return re.sub(r"\\?\d{8,}", r"\\d+", re.escape(path).replace("/", "/"))


def calls_of(rig: Rig, *, most: int = 1) -> Iterator[Call]:
    """Run both journeys without a fault and return every call that they make, alike ones at most `most` times."""
    known: set[tuple[str, str]] = set()
    for step in Step:
        rig.fresh()
        _journey(rig, step, Result(Call(rig.adapter, step.value, "", "", ""), "", lasting=False))
        counts: dict[Call, int] = {}
        for seen in rig.faults.seen:
            call = Call(rig.adapter, step.value, seen.verb, seen.method, template(seen.target))
            counts[call] = counts.get(call, 0) + 1
        for call, count in counts.items():
            if step is Step.PURGE and (call.verb, call.path) in known:
                continue  # the first half of both journeys is the same
            known.add((call.verb, call.path))
            for nth in range(1, min(count, most) + 1):
                yield Call(call.adapter, call.step, call.verb, call.method, call.path, nth)


def run_case(rig: Rig, call: Call, fault: Fault, *, lasting: bool) -> Result:
    """Run one journey with one fault, let everything work again, resume, and compare with the CRM's own books."""
    result = Result(call, fault.name, lasting)
    factor = slowness()
    rule = call.rule(fault.slowed(factor), lasting=lasting)
    if fault.kind == "redirect":
        rule = replace(rule, arguments={**rule.arguments, "location": rig.decoy.address})
    rig.fresh(Aim(call.verb, rule, lasting), timeouts=hasty(factor) if fault.slow else PATIENT)
    try:
        _journey(rig, Step(call.step), result)
    except Exception as error:  # noqa: BLE001 - whatever comes out is the finding
        trace = "".join(traceback.format_exception(error))
        result.wrong.append(f"a traceback came out: {type(error).__name__}\n{trace}")
    if rig.decoy.visitors:
        result.wrong.append("the redirect was followed")
        rig.decoy.visitors = 0
    return result


def _journey(rig: Rig, step: Step, result: Result) -> None:
    ids = rig.contracts()[:TARGETS]
    rig.faults.watcher = _watch(rig, ids, step, result)
    digest = _attempt(rig, result, lambda: _plan(rig, ids, step, result))
    if digest is None:
        if any(rig.control("record", id=one)["place"] != "live" for one in ids):
            result.wrong.append("no plan, and a contract is gone")
        return
    _attempt(rig, result, lambda: _apply(rig, ids, step, digest, result), final_if_held=True)
    _check_books(rig, ids, result)
    _check_backup(rig, ids, result)
    _attempt(rig, result, lambda: _restore(rig, ids, step, result))
    _check_restored(rig, ids, result)
    _check_journal(rig, result)


def _attempt(
    rig: Rig, result: Result, act: Callable[[], tuple[int, str | None]], *, final_if_held: bool = False
) -> str | None:
    """Do a part of the journey with the fault; where it did not end well, once more without it."""
    code, value = _caught(rig, act, result.reasons)
    result.met = rig.faults.struck > 0
    result.codes.append(code)
    if code == 3 and final_if_held:
        rig.calm()  # held: that is an end, not an interruption
    elif code != 0:
        rig.calm()
        rig.verbs.aim = None
        again, value = _caught(rig, act, [])
        result.after.append(again)
    return value


def _caught(rig: Rig, act: Callable[[], tuple[int, str | None]], reasons: list[str]) -> tuple[int, str | None]:
    try:
        return act()
    except CrmBridgeError as error:
        reasons.append(f"{type(error).__name__}:{error.reason}")
        return error.exit_code, None


def _plan(rig: Rig, ids: Sequence[str], step: Step, result: Result) -> tuple[int, str | None]:
    with rig.bridge() as bridge:
        bridge.profile(rig.name)
        plan = bridge.connect(rig.name).plan(ids=ids, step=step)
        if plan.count != len(ids):
            if set(plan.notes.missing) != set(ids) - {contract.id for contract in plan}:
                result.wrong.append("the plan is smaller than the selection, and nobody was told")
            raise NothingMatchedError("the plan is smaller than the selection", reason="smaller_plan")
        return 0, plan.digest


def _apply(rig: Rig, ids: Sequence[str], step: Step, digest: str, result: Result) -> tuple[int, str | None]:
    with rig.bridge() as bridge:
        path = rig.home / "plans" / f"{digest}.plan"
        run = bridge.connect(rig.name).apply(path, confirm=digest)
        for item in run:
            place = rig.control("record", id=item.contract.id)["place"]
            _check_word(step, item.outcome, str(place), result)
        if run.halted is not None:
            result.reasons.append(f"{type(run.halted).__name__}:{run.halted.reason}")
        result.reasons += sorted({f"{item.outcome.value}:{item.reason}" for item in run if item.reason})
        return run.exit_code, run.id


def _check_word(step: Step, outcome: Outcome, place: str, result: Result) -> None:
    """Compare what is said of one contract with where the CRM has it."""
    if outcome is Outcome.REMOVED and place != ("bin" if step is Step.TRASH else "gone"):
        result.wrong.append(f"false removed: it is {place}")
    if outcome is Outcome.ALREADY_ABSENT and place == "live":
        result.wrong.append("false absent: it is live")
    if outcome in (Outcome.HELD, Outcome.REFUSED, Outcome.WAITING) and place == "gone":
        result.wrong.append(f"{outcome.value}, but it is gone")
    if outcome in (Outcome.HELD, Outcome.REFUSED, Outcome.WAITING) and step is Step.TRASH and place != "live":
        result.wrong.append(f"{outcome.value}, but it is in the {place}")


def _restore(rig: Rig, ids: Sequence[str], step: Step, result: Result) -> tuple[int, str | None]:
    with rig.bridge() as bridge:
        steps = bridge.connect(rig.name).restore(last=True)
    found = {one.result for one in steps}
    result.reasons += sorted({f"{one.result}:{one.reason}" for one in steps if one.reason})
    return 9 if "in_doubt" in found else 3 if "not_restored" in found else 0, None


def _watch(rig: Rig, ids: Sequence[str], step: Step, result: Result) -> Callable[[Seen], None]:
    """Look at every destructive request before it is answered: is there still something to remove?"""
    pattern = DESTRUCTIVE[rig.adapter]
    allowed = {"1": "live", "2": "bin"} if step is Step.PURGE else {"1": "live"}
    sent: dict[tuple[str, str], int] = {}

    def watch(seen: Seen) -> None:
        if not pattern.search(f"{seen.method} {seen.target}"):
            return
        if not seen.verb.startswith("remove"):
            result.wrong.append(f"a destructive request during {seen.verb}")
        text = seen.target + seen.body.decode("utf-8", "replace")
        for one in set(rig.contracts()) | set(ids):
            if one not in text:
                continue
            place = rig.control("record", id=one)["place"]
            if one not in ids:
                result.wrong.append("a destructive request for a contract outside the plan")
            elif place not in allowed.values():
                result.wrong.append(f"blind resend: a destructive request for a contract that is {place}")
            key = (seen.verb, one)
            sent[key] = sent.get(key, 0) + 1
            if sent[key] > 1:
                result.wrong.append(f"two destructive requests for one contract in {seen.verb}")

    return watch


def _check_books(rig: Rig, ids: Sequence[str], result: Result) -> None:
    """Compare with the ledger: nothing outside the plan was touched, nothing was removed twice."""
    effects = [
        (effect.kind, effect.id)
        for entry in rig.emulator.ledger()
        for effect in entry.effects
        if effect.kind in ("trashed", "purged") and effect.id in set(ids) | set(rig.contracts())
    ]
    for effect in set(effects):
        if effects.count(effect) > 1:
            result.wrong.append(f"{effect[0]} twice")
        if effect[1] not in ids:
            result.wrong.append("a contract outside the plan was removed")
    if len(rig.contracts()) < CONTRACTS - len(ids):
        result.wrong.append("more contracts are gone than were planned")


def saved(rig: Rig, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return what the vault holds of each contract that is not live any more: lists with their sizes, files by hash."""
    found: dict[str, list[str]] = {}
    with rig.bridge() as bridge:
        for summary in bridge.vault.sets():
            if not summary.complete:
                continue
            for copy in bridge.vault.open(summary.set_id).snapshots():
                if rig.control("record", id=copy.ref.id)["place"] == "live":
                    continue
                lists = [f"{part.kind.value} {part.name} {_size(part.raw)}" for part in copy.parts]
                files = [f"file {one.name} {sha256(b''.join(one.chunks())).hexdigest()}" for one in copy.attachments]
                found[copy.ref.id] = [f"{len(json.loads(copy.record))} fields", *sorted(lists), *sorted(files)]
    return {one: found.get(one, []) for one in ids if rig.control("record", id=one)["place"] != "live"}


def _size(raw: bytes) -> int:
    value = json.loads(raw)
    return len(value) if isinstance(value, list | dict) else 1


def _check_backup(rig: Rig, ids: Sequence[str], result: Result) -> None:
    """Whatever is gone must be in the vault, with everything around it."""
    if result.fault == "status_403" and result.call.path.endswith("settings/fields"):
        return  # a module whose fields this user may not see is saved as a list, without the name of the lookup
    known = rig.__dict__.setdefault("known", {})
    for one, copy in saved(rig, ids).items():
        if not result.fault:
            known[one] = copy
        elif copy != known[one]:
            missing = [line for line in known[one] if line not in copy]
            result.wrong.append(f"removed without its whole backup: {missing}, but {copy}")


def _check_restored(rig: Rig, ids: Sequence[str], result: Result) -> None:
    live = rig.contracts()
    if len(live) > CONTRACTS:
        result.wrong.append(f"the restore made {len(live) - CONTRACTS} contracts too many")
    if len(live) < CONTRACTS and (result.after or result.codes)[-1] == 0:
        result.wrong.append("said to be restored, and is not there")


def _check_journal(rig: Rig, result: Result) -> None:
    findings = check_journal(rig.home / "journal")
    if findings.exit_code not in (0, 15):
        result.wrong.append(f"the journal does not verify: {findings.exit_code} {findings.summary}")
