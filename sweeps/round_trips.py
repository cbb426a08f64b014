"""Back up, delete, restore and compare random contracts on the stand-ins of both CRMs, and count surprises.

    python sweeps/round_trips.py [--records 500] [--adapter zoho] [--seed 1] [--big-mb 20] [--big-every 250]

Half of the contracts go to the CRM's bin and come back from there, half are purged and created again from the vault.
Each is compared twice: by crm_bridge itself against the forecast of its plan, and by this script, which looks into the
stand-in without crm_bridge. Afterwards the whole state directory is searched for a canary that every record carries.
Prints one JSON object; the exit code is 1 for any surprise, difference or canary found.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Step
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.sandbox.home import connection_name
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge_fxiaoke.emulator.emulator import FxiaokeEmulator
from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from sweeps.dressing import CANARY, Dressing, dress_fxiaoke, dress_zoho

SPARE = 20
"""Contracts beside those that are deleted: every look needs a control record."""
Face = Mapping[str, object]


@dataclass(slots=True)
class Tally:
    """What came of one adapter."""

    records: int = 0
    by_route: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    field_types: list[str] = field(default_factory=list)
    fields: int = 0
    rows: int = 0
    files: int = 0
    files_equal: int = 0
    changed_as_promised: Counter[str] = field(default_factory=Counter)
    surprises: Counter[str] = field(default_factory=Counter)
    unmeasured: int = 0
    differing_faces: list[str] = field(default_factory=list)
    canary_files: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Return whether everything came back as promised."""
        bad = (self.surprises, self.unmeasured, self.differing_faces, self.canary_files)
        return not any(bad) and self.results == Counter({"restored": self.records})


def face_of(emulator: Any, record_id: str) -> Face:
    """Return a record as the stand-in holds it, without ids: what a person would compare."""
    return _zoho_face(emulator, record_id) if isinstance(emulator, ZohoEmulator) else _fx_face(emulator, record_id)


def _fx_face(emulator: FxiaokeEmulator, record_id: str) -> Face:
    world = emulator.world
    found = world.find(record_id)
    assert found is not None, record_id
    row = found[1]
    kept = {n: v for n, v in row.items() if n.startswith("rt_") and n.endswith("__c")}
    # What the CRM computes or counts is promised to change; the parent's id is compared by crm_bridge itself.
    for name in ("rt_formula__c", "rt_count__c", "rt_quoted__c", "rt_serial__c", "rt_parent__c", "rt_photo__c"):
        kept.pop(name, None)
    names = ("name", "account_id", "owner", "created_by", "create_time", "title__c", "amount__c", "status__c")
    files = [*(row.get("attach__c") or []), *(row.get("rt_photo__c") or [])]
    lines = world.details_of(world.main_object, record_id)
    return {
        **kept,
        **{name: row.get(name) for name in (*names, "remark__c")},
        "files": sorted((one["filename"], _sha(world.files[one["path"]].content)) for one in files),
        "lines": sorted((line["product_id"], line["quantity"], line["price"]) for _table, line in lines),
    }


_ZOHO_APART = ("RT_Parent", "RT_Rollup", "RT_Image")
"""Compared by crm_bridge itself only: a reference that follows to the new id, and what is promised not to return."""


def _zoho_face(emulator: ZohoEmulator, record_id: str) -> Face:
    org = emulator.org
    record = org.find(record_id)
    assert record is not None, record_id
    cells = {n: v for n, v in record.cells.items() if n.startswith("RT_") and n not in _ZOHO_APART}
    # A box that nobody ticked and one that is empty are the same to Zoho.
    kept = {n: v for n, v in cells.items() if v is not False}
    names = ("Name", "Contract_Number", "Account", "Contract_Status", "Contract_Value", "Currency", "Owner", "Terms")
    hanging = {name: org.tables[name].linked("Parent_Id", record_id) for name in ("Notes", "Attachments")}
    lines = org.tables["Contract_Lines"].linked("Parent_Id", record_id)
    notes = [(one.cells.get("Note_Title"), one.cells.get("Note_Content")) for one in hanging["Notes"]]
    copies = [org.blobs[one["File_Id__s"]].content for one in record.cells.get("Signed_Copy", ())]
    return {
        **kept,
        **{name: record.cells.get(name) for name in (*names, "Regions", "Legacy_Key", "Description")},
        # The mark of a copy is a note of its own.
        "notes": sorted(str(note) for note in notes if not str(note[0]).startswith("crm-bridge-")),
        # A form can only carry a quotation mark in a file name as %22, and this stand-in keeps it so.
        "files": sorted(
            (str(one.cells["File_Name"]).replace("%22", '"'), _sha(_blob(org, one))) for one in hanging["Attachments"]
        ),
        "signed": sorted(_sha(content) for content in copies),
        "lines": sorted(
            f"{one.cells.get('Product')} {one.cells.get('Quantity')} {one.cells.get('Price') or 0:.4f}" for one in lines
        ),
    }


def _blob(org: Any, attachment: Any) -> bytes:
    key = attachment.cells.get("$file_id")
    content: bytes = org.blobs[key].content if key else str(attachment.cells.get("$link_url")).encode()
    return content


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _go(crm: Connection, emulator: Any, ids: list[str], step: Step, tally: Tally) -> None:
    before = {one: face_of(emulator, one) for one in ids}
    plan = crm.plan(ids=ids, step=step, reason="round trip")
    run = crm.apply(plan, confirm=plan.digest)
    odd = [f"{item.contract.id}: {item.outcome.value}, {item.reason}" for item in run if item.outcome != "removed"]
    assert not odd, odd
    for result in crm.restore(run.id):
        _count(result, tally)
        back = result.new_ref
        if back is not None and face_of(emulator, back.id) != before[result.ref.id]:
            after = face_of(emulator, back.id)
            was = before[result.ref.id]
            wrong = [f"{n}: {was[n]!r} is now {after.get(n)!r}"[:600] for n in was if was[n] != after.get(n)]
            tally.differing_faces.append(f"{step.value} {result.ref.id}: {'; '.join(wrong)}")


def _count(step: RestoreStep, tally: Tally) -> None:
    tally.records += 1
    tally.by_route[step.route.value if step.route else "none"] += 1
    tally.results[step.result] += 1
    if step.measured is None:
        tally.unmeasured += 1
        return
    tally.fields += step.measured.fields
    tally.rows += step.measured.rows
    tally.files += step.measured.files
    tally.files_equal += step.measured.files_equal
    for one in step.measured.differences:
        (tally.surprises if one.surprise else tally.changed_as_promised)[one.name] += 1


def traces(word: str) -> tuple[bytes, ...]:
    """Return what a word looks like on disk however it was written: its ASCII head (JSON escapes the rest), base64."""
    head = word[: len(word) - len(word.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ-"))].encode("ascii")
    inside = [base64.b64encode(b"\0" * shift + word.encode())[4:-4] for shift in range(3)]
    return (head, head.decode().encode("utf-16-le"), head.hex().encode(), *inside)


def places_with(folder: Path, needles: Collection[bytes]) -> Iterator[str]:
    """Yield every file below a folder whose name or content has one of the needles."""
    for path in folder.rglob("*"):
        seen = bytes(path) + (path.read_bytes() if path.is_file() else b"")
        if any(needle in seen for needle in needles):
            yield str(path.relative_to(folder))


DRESS: Mapping[str, Callable[[Any, Dressing], list[str]]] = {"zoho": dress_zoho, "fxiaoke": dress_fxiaoke}


def round_trips(adapter: str, records: int, how: Dressing, home: Path) -> Tally:
    """Take `records` contracts of one stand-in there and back."""
    tally, started = Tally(), time.perf_counter()
    # A clock that moves when somebody waits: the CRM's rate windows are obeyed, and cost nothing here.
    clock = ManualClock()
    options = SandboxOptions(home=home, count=records + SPARE, seed=how.seed, only=(adapter,))
    with sandbox(options, clock=clock) as running:
        emulator: Any = running.servers[adapter].exchange.emulator
        tally.field_types = DRESS[adapter](emulator, how)
        ids = [str(one) for one in emulator.control("contracts", {})["ids"]]
        chosen = random.Random(how.seed).sample(ids, records)
        first, second = sorted(chosen[: records // 2], key=ids.index), sorted(chosen[records // 2 :], key=ids.index)
        with Bridge.open(home, environ={}, clock=clock) as bridge:
            crm = bridge.connect(connection_name(adapter))
            _go(crm, emulator, first, Step.TRASH, tally)
            _go(crm, emulator, second, Step.PURGE, tally)
    tally.canary_files = list(places_with(home, traces(CANARY)))
    tally.seconds = round(time.perf_counter() - started, 1)
    return tally


def report(tally: Tally) -> dict[str, Any]:
    """Return the counts as JSON."""
    return {
        "records": tally.records,
        "by_route": dict(tally.by_route),
        "results": dict(tally.results),
        "field_types": len(tally.field_types),
        "fields_compared": tally.fields,
        "rows_compared": tally.rows,
        "files": tally.files,
        "files_byte_equal": tally.files_equal,
        "surprises": dict(tally.surprises),
        "not_compared": tally.unmeasured,
        "differs_in_the_stand_in": tally.differing_faces,
        "files_with_canary": tally.canary_files,
        "changed_as_promised": dict(tally.changed_as_promised.most_common()),
        "seconds": tally.seconds,
    }


def main() -> int:
    """Run both adapters, or the one that was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--adapter", choices=sorted(DRESS), default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--big-mb", type=int, default=20)
    parser.add_argument("--big-every", type=int, default=250)
    chosen = parser.parse_args()
    how = Dressing(chosen.seed, chosen.big_mb << 20, chosen.big_every)
    found: dict[str, Tally] = {}
    for adapter in [chosen.adapter] if chosen.adapter else sorted(DRESS):
        with tempfile.TemporaryDirectory() as folder:
            found[adapter] = round_trips(adapter, chosen.records, how, Path(folder) / "home")
    print(json.dumps({name: report(tally) for name, tally in found.items()}, indent=1, ensure_ascii=False))
    return 0 if all(tally.good for tally in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
