"""What the bulk endpoints share: their content type, job states, and zip files with one CSV."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence

from crm_bridge_zoho.emulator.answers import ApiError, Json
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.state.org import Job
from crm_bridge_zoho.emulator.state.rendering import author

_EPOCH = (1980, 1, 1, 0, 0, 0)
MOST_UNPACKED = 256 * 1024 * 1024


def need_json(call: Call) -> None:
    """Refuse a body that does not say that it is JSON: the bulk endpoints are strict about it."""
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError("MEDIA_TYPE_NOT_SUPPORTED", "Media type is not supported", status=415)


def find_job(call: Call, kind: str) -> Job:
    """Return the job of the path; there must be one of that kind."""
    job = call.org.jobs.get(call.path["job"])
    if job is None or job.kind != kind:
        resource = call.path["job"]
        raise ApiError(
            "RESOURCE_NOT_FOUND", "The requested resource doesn't exist.", {"resource": resource}, status=404
        )
    return job


def state(call: Call, job: Job) -> str:
    """Return where a job stands: ADDED, IN PROGRESS in the second half of its time, COMPLETED."""
    if job.done:
        return "COMPLETED"
    left = job.due - call.org.clock.now().timestamp()
    return "ADDED" if left > call.switches.job_delay / 2 else "IN PROGRESS"


def provenance(call: Call, job: Job) -> Json:
    """Return who ordered a job, and when."""
    created = call.org.stamp(job.facts["created"])
    return {"created_by": author(call.org, call.me), "created_time": created}


def packed(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a zip with one CSV of that name; the same rows give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _EPOCH), text.getvalue(), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def unpacked(content: bytes) -> tuple[str, list[list[str]]] | None:
    """Return name and lines of the one CSV in a zip; None if the bytes are anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) != 1 or archive.getinfo(names[0]).file_size > MOST_UNPACKED:
                return None
            text = archive.read(names[0]).decode("utf-8-sig")
    except (zipfile.BadZipFile, UnicodeDecodeError):
        return None
    return names[0], list(csv.reader(io.StringIO(text)))
