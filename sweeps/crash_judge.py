"""The judge of the sweeps: the promises that hold after every crash, checked against the CRM's own ledger.

What the journal says is compared with what the ledger says; what the vault holds with what the stand-in's contracts
were made from; what the disk holds with what may be there. Numbers in brackets are the invariants of the protocol.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter
from decimal import Decimal, InvalidOperation

import verify_journal
from crash_case import Case, in_child
from crash_stand import destructive, in_vain

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.export import export_journal
from crm_bridge.sandbox.records import SeedContract

_BACKUP_WRONG = 98
UNFINISHED = (".part", ".tmp", ".new", "-journal", ".incomplete")
"""How the names of files end that are not what they will be."""


def after_a_kill(case: Case) -> None:
    """Whatever is gone at the CRM had a verified backup and a committed intent (I1, I2); the journal verifies (I8)."""
    entries = case.entries()
    first = {(e["op"], e["id"], e["body"].get("step")): e["seq"] for e in reversed(entries)}
    saved = {e["id"]: e["seq"] for e in reversed(entries) if e["op"] == "backup"}
    effects = case.effects()
    for step, record_id in effects:
        intent = first.get(("intent", record_id, step))
        case.say(intent is not None, f"I1: {step} of {record_id} without a committed intent")
        case.say(record_id in saved, f"I2: {step} of {record_id} without a verified backup")
        if intent is not None and record_id in saved:
            case.say(saved[record_id] < intent, f"I2: {record_id}: backed up after the intent")
    if effects:
        backups(case)
    if entries:
        code = check_journal(case.home / "journal").exit_code
        case.say(code in (0, 15), f"I8: the journal does not verify after the kill: {code}")


def the_end(case: Case, code: int) -> None:
    """Everything is removed once, with one `done`; nothing in vain, nothing outside the plan (I3, I4, I5, I7)."""
    case.say(code == 0, f"the resumed run ended with {code}: {case.why()}")
    steps = ["trash", "purge"] if case.step is Step.PURGE else ["trash"]
    counted = Counter(case.effects())
    wanted = Counter((step, record_id) for step in steps for record_id in case.ids)
    case.say(counted == wanted, f"removals: {dict(counted - wanted)} too many, {dict(wanted - counted)} missing")
    done = Counter(
        (entry["body"].get("step"), entry["id"])
        for entry in case.entries()
        if entry["body"].get("event") in ("outcome.done", "reconcile.done")
    )
    case.say(done == wanted, f"I5: done entries: {dict(done)}")
    case.say(check_journal(case.home / "journal").exit_code == 0, "I8: the journal does not verify at the end")
    nothing_in_vain(case)
    place = "gone" if case.step is Step.PURGE else "bin"
    for record_id in case.ids:
        found = case.crm.control("record", id=record_id)["place"]
        case.say(found == place, f"I6: {record_id} is called removed, and its place is {found}")


def nothing_in_vain(case: Case) -> None:
    """No removal was sent for what was gone already (I3)."""
    for line in in_vain(case.crm.ledger(case.since)):
        case.say(False, f"I3: a removal was sent again: {line['method']} {line['path']} {line['code']}")


def the_truth(case: Case) -> None:
    """Whatever a run says of its contracts is so (I6): removed means gone, anything else that it is there."""
    after_a_kill(case)
    nothing_in_vain(case)
    counted = Counter(case.effects())
    case.say(all(times == 1 for times in counted.values()), f"I4: removed more than once: {counted}")
    gone = {record_id for _step, record_id in counted}
    words = {e["id"]: str(e["body"].get("event")) for e in case.entries() if e["id"] in case.ids}
    said = {record_id for record_id, event in words.items() if event == "verify.absent"}
    case.say(said <= gone, f"I6: called removed, but there: {sorted(said - gone)}")
    doubtful = {i for i, event in words.items() if event in ("intent", "outcome.unknown")}
    case.say(not doubtful, f"in doubt after a resume: {sorted(doubtful)}")
    case.say(gone <= said, f"gone, but not called removed: {sorted(gone - said)}")


def a_second_resume(case: Case) -> None:
    """A run that is done is only reported: no request at all, no entry (I12)."""
    asked, written = case.crm.now(), len(case.entries())
    code = case.resume()
    case.say(code == 0, f"I12: the second resume ended with {code}: {case.why()}")
    sent = case.crm.ledger(asked)
    case.say(not sent, f"I12: the second resume sent {len(sent)} requests, {len(destructive(sent))} of them removals")
    case.say(len(case.entries()) == written, "I12: the second resume wrote into the journal")


def backups(case: Case) -> None:
    """Every backup that the journal names decrypts to what the contract was made from, files included (I2, I9)."""
    named = {(e["id"], str(e["body"]["set"])) for e in case.entries() if e["op"] == "backup"} - case.judged

    def work() -> int:
        with case.bridge() as bridge:
            for record_id, set_id in named:
                copy = bridge.vault.open(set_id).snapshot(record_id)
                if (wrong := difference(copy, case.crm.seeds[record_id])) is not None:
                    case.said.write_text(f"the backup of {record_id} differs in {wrong}")
                    return _BACKUP_WRONG
        return 0

    if not named:
        return
    code = in_child(work, case.said)
    case.say(code == 0, f"I9: backups: {code}, {case.why()}")
    case.judged |= named


def difference(copy: Snapshot, seed: SeedContract) -> str | None:
    """Name what a backup does not hold of a contract as the stand-in made it; None when it has everything."""
    record = json.loads(copy.record, parse_float=Decimal)
    details = [json.loads(part.raw, parse_float=Decimal) for part in copy.parts if part.kind is PartKind.DETAIL]
    texts = Counter(_texts([record, *details]))
    for name, wanted in (("number", seed.number), ("title", seed.title), ("amount", _text(seed.amount))):
        if wanted not in texts:
            return name
    if any(texts[line.product] == 0 or texts[_text(line.price)] == 0 for line in seed.lines):
        return "a line"
    # A CRM keeps a note as a record of its own or as a text of the contract.
    everything = "\n".join(_texts([record, *(json.loads(part.raw) for part in copy.parts)]))
    if any(text not in everything for _title, text in seed.notes):
        return "a note"
    found = Counter(hashlib.sha256(b"".join(file.chunks())).digest() for file in copy.attachments)
    missing = Counter(hashlib.sha256(file.content).digest() for file in seed.files) - found
    return "a file" if missing else None


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [_text(value)]


def _text(value: object) -> str:
    """Write a value so that 9.30, "9.3" and 9.3 are the same."""
    try:
        return str(Decimal(str(value)).normalize())
    except InvalidOperation:
        return str(value)


def the_disk(case: Case) -> None:
    """Nothing is left over, nothing may be read by others (I11); no secret and no personal value in clear (I10)."""
    values = [text for one in case.ids for text in (case.crm.seeds[one].number, case.crm.seeds[one].title)]
    canaries = {text.encode() for text in values} | {json.dumps(text)[1:-1].encode() for text in values}
    secrets = {text.encode() for text in case.secrets}
    for path in [case.home, *case.home.rglob("*")]:
        status = path.lstat()
        mode, wanted = stat.S_IMODE(status.st_mode), 0o700 if path.is_dir() else 0o600
        name = path.relative_to(case.home)
        case.say(mode == wanted and status.st_uid == os.geteuid(), f"I11: {name} has mode {mode:04o}")
        case.say(
            not path.name.endswith((".part", ".tmp", ".new", "-journal", ".incomplete")), f"I11: {name} was left over"
        )
        if path.is_file() and path.name not in ("config.toml", "secrets.toml"):
            data = path.read_bytes()
            case.say(not any(text in data for text in canaries), f"I10: a personal value in clear in {name}")
            case.say(not any(text in data for text in secrets), f"I10: a secret in clear in {name}")


def the_papers(case: Case) -> None:
    """The receipt says the same when it is issued again; a program that shares no code with ours believes it (I8)."""
    export = case.home.with_name(f"{case.home.name}.jsonl")
    receipts = list((case.home / "receipts").glob("*.receipt.json"))
    case.say(len(receipts) == 1, f"{len(receipts)} receipts")

    def work() -> int:
        with case.bridge() as bridge:
            if [json.loads(path.read_text()) for path in receipts] != [bridge.issue_receipt().envelope]:
                return _BACKUP_WRONG
            with export.open("wb") as file:
                export_journal(bridge.journal, file)
            return verify_journal.main([str(export), "--key", bridge.journal.vkey, "--receipt", str(receipts[0])])

    code = in_child(work, case.said)
    case.say(code == 0, f"the independent verifier says {code} ({_BACKUP_WRONG}: the receipt changed)")
