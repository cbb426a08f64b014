"""Measure a restore: copy the contract again, compare it with its backup, journal what differs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from crm_bridge import failpoints
from crm_bridge.domain.canonical import JsonValue
from crm_bridge.domain.capabilities import Route, Step
from crm_bridge.domain.restoring.comparison import Measured, measure
from crm_bridge.domain.restoring.forecast import Forecast, make_forecast
from crm_bridge.domain.snapshot import Attachment, Snapshot
from crm_bridge.errors import CrmBridgeError
from crm_bridge.pipeline.context import batches
from crm_bridge.pipeline.entries import contract_entry, share
from crm_bridge.pipeline.planning.plan_file import open_plan
from crm_bridge.pipeline.restoring.restore_step import RestoreStep
from crm_bridge.pipeline.restoring.ways_back import marker_of
from crm_bridge.pipeline.run_log import RunLog

MEASURED = "restore.measured"


class Measuring:
    """Compares what came back with the backup, against what the plan had promised."""

    def __init__(self, log: RunLog) -> None:
        """Measure restores of this run."""
        self.log = log
        self.context = log.context

    @cached_property
    def forecast(self) -> Forecast:
        """Return what was promised when the plan was confirmed, or, without its file, what is promised now."""
        path = self.context.plans / f"{self.log.run.plan}.plan"
        try:
            return open_plan(path, journal=self.context.journal).plan.head.forecast
        except CrmBridgeError:
            profile = self.context.profile
            return make_forecast(
                profile.capabilities,
                profile.limits,
                profile.fields,
                profile.relations,
                step=Step.TRASH,
                now=self.context.clock.now(),
                ways=profile.ways,
            )

    def measure(self, steps: Sequence[RestoreStep], ids: Mapping[str, str]) -> list[RestoreStep]:
        """Return the steps with their comparison; what cannot be read again stays without one."""
        back = {step.new_ref.id: step for step in steps if step.result == "restored" and step.new_ref}
        found: dict[str, Measured] = {}
        for batch in batches(back, self.context.profile.limits.snapshot_batch):
            refs = [ref for new_id in batch if (ref := back[new_id].new_ref)]
            try:
                with failpoints.step("restore.verify"):
                    for copy in self.context.adapter.snapshot(refs):
                        if isinstance(copy, Snapshot):
                            step = back[copy.ref.id]
                            found[step.ref.id] = self._compare(step, copy, ids)
            except (CrmBridgeError, ValueError, RecursionError):
                # The contracts are back; that they could not be compared is shown, and changes nothing about that.
                continue
        self._journal(steps, found)
        return [replace(step, measured=found.get(step.ref.id)) for step in steps]

    def _compare(self, step: RestoreStep, copy: Snapshot, ids: Mapping[str, str]) -> Measured:
        before = self.log.backup_set(self.log.backup_of(step.ref.id).set_id).snapshot(step.ref.id)
        after = replace(copy, attachments=tuple(with_digest(one) for one in copy.attachments))
        return measure(
            before,
            after,
            promises=self.forecast.promises(step.route or Route.RECREATE),
            content=self.context.profile.content,
            ids=ids,
            marker=marker_of(self.log, step.ref.id),
        )

    def _journal(self, steps: Sequence[RestoreStep], found: Mapping[str, Measured]) -> None:
        facts = [_body(step, found[step.ref.id]) for step in steps if step.ref.id in found]
        if not facts:
            return
        shared, lines = share(facts)
        ids = [step.ref.id for step in steps if step.ref.id in found]
        named = [{"id": record_id, **line} for record_id, line in zip(ids, lines, strict=True)]
        with failpoints.step("restore.measured"):
            self.context.journal.append([contract_entry(self.context, self.log.run, MEASURED, named, shared)])


def with_digest(file: Attachment) -> Attachment:
    """Return the attachment with the digest and size of the bytes that came; nothing is kept."""
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks():
        digest.update(chunk)
        size += len(chunk)
    return replace(file, sha256=digest.hexdigest(), size=size)


def _body(step: RestoreStep, measured: Measured) -> dict[str, JsonValue]:
    """Names of fields and counts, never a value: the journal holds no content."""
    return {
        "new_id": step.new_ref.id if step.new_ref else "",
        "route": step.route.value if step.route else "",
        "fields": measured.fields,
        "rows": measured.rows,
        "files": measured.files,
        "files_equal": measured.files_equal,
        "different": {one.name: one.fate.value for one in measured.differences},
        "surprises": [one.name for one in measured.surprises],
    }
