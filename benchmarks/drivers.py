"""The drivers of `compare.py`, each run in a process of its own: what it removes with, and what that took.

python benchmarks/drivers.py plan|ours|naive|batch|sdk < ready.json
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crm_bridge.domain.planning.target import Target

Ready = Mapping[str, Any]
MODULE = "/crm/v8/Contracts"
SEEN: Counter[str] = Counter()


def plan(ready: Ready) -> None:
    """Make the plan that `ours` carries out."""
    from crm_bridge import Bridge

    with Bridge.open(ready["home"]) as bridge:
        made = bridge.connect("zoho-sandbox").plan("everything", max_contracts=ready["contracts"] + 1, max_share=100)
        Path(ready["folder"], "plan").write_text(json.dumps([str(made.path), made.digest]), "utf-8")


def ours(ready: Ready) -> None:
    """Apply the plan, with everything that belongs to it."""
    from crm_bridge import Bridge

    path, digest = json.loads(Path(ready["folder"], "plan").read_text("utf-8"))
    with Bridge.open(ready["home"]) as bridge:
        bridge.connect("zoho-sandbox").apply(path, confirm=digest)


def naive(ready: Ready) -> None:
    """Read, delete and look again, one contract and one connection after the other."""
    import requests

    headers = sign_in(requests, ready)
    for record_id in list(listed(requests, ready, headers)):
        address = f"{ready['base']}{MODULE}/{record_id}"
        requests.get(address, headers=headers, timeout=60).raise_for_status()
        requests.delete(address, headers=headers, timeout=60).raise_for_status()
        assert requests.get(address, headers=headers, timeout=60).status_code != 200


def batch(ready: Ready) -> None:
    """Delete a hundred a call over one connection, then look at the list."""
    import requests

    session = requests.Session()
    headers = sign_in(session, ready)
    ids = list(listed(session, ready, headers))
    for start in range(0, len(ids), 100):
        query = {"ids": ",".join(ids[start : start + 100]), "wf_trigger": "false"}
        done = session.delete(f"{ready['base']}{MODULE}", params=query, headers=headers, timeout=60).json()
        assert all(one["status"] == "success" for one in done["data"])
    assert not list(listed(session, ready, headers))


def sign_in(http: Any, ready: Ready) -> dict[str, str]:
    """Return the headers of a signed-in call."""
    form = {name: ready[name] for name in ("client_id", "client_secret", "refresh_token")}
    answer = http.post(
        f"{ready['base']}/oauth/v2/token", params={**form, "grant_type": "refresh_token"}, timeout=60
    ).json()
    return {"Authorization": f"Zoho-oauthtoken {answer['access_token']}"}


def listed(http: Any, ready: Ready, headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids of all contracts, two hundred a page."""
    query: dict[str, str] = {"fields": "Name", "per_page": "200"}
    while True:
        answer = http.get(f"{ready['base']}{MODULE}", params=query, headers=headers, timeout=60)
        if answer.status_code == 204:
            return
        page = answer.json()
        yield from (one["id"] for one in page["data"])
        if not page["info"]["more_records"]:
            return
        query["page_token"] = page["info"]["next_page_token"]


def sdk(ready: Ready) -> None:
    """Delete with Zoho's own SDK, as well as it can be used: pages of 200, deletes of 100."""
    from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
    from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
    from zohocrmsdk.src.com.zoho.api.logger import Logger
    from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
    from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
    from zohocrmsdk.src.com.zoho.crm.api.record import DeleteRecordsParam, GetRecordsParam, RecordOperations
    from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

    base, folder = ready["base"], Path(ready["folder"])
    (folder / "resources").mkdir()
    Initializer.initialize(
        DataCenter.Environment(base, f"{base}/oauth/v2/token", base),
        OAuthToken(**{name: ready[name] for name in ("client_id", "client_secret", "refresh_token")}),
        store=FileStore(str(folder / "tokens.csv")),
        sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
        resource_path=str(folder / "resources"),
        logger=Logger.get_instance(Logger.Levels.ERROR, str(folder / "sdk.log")),
    )
    records, ids, token = RecordOperations("Contracts"), list[str](), ""
    while True:
        asked = ParameterMap()
        asked.add(GetRecordsParam.fields, "Name")
        asked.add(GetRecordsParam.per_page, 200)
        if token:
            asked.add(GetRecordsParam.page_token, token)
        page = records.get_records(asked, HeaderMap()).get_object()
        ids += [str(one.get_id()) for one in page.get_data()]
        token = page.get_info().get_next_page_token() or ""
        if not page.get_info().get_more_records():
            break
    for start in range(0, len(ids), 100):
        asked = ParameterMap()
        for record_id in ids[start : start + 100]:
            asked.add(DeleteRecordsParam.ids, record_id)
        asked.add(DeleteRecordsParam.wf_trigger, False)
        done = records.delete_records(asked, HeaderMap()).get_object()
        assert len(done.get_data()) == len(ids[start : start + 100])
    asked = ParameterMap()
    asked.add(GetRecordsParam.fields, "Name")
    assert records.get_records(asked, HeaderMap()).get_status_code() == 204


def watch() -> None:
    """Count what Python asks of the disk, the journal's commits, and how often plan and run are read."""
    from crm_bridge import failpoints
    from crm_bridge.pipeline.entries import Fold
    from crm_bridge.pipeline.planning.plan_file import PlanFile

    def count(event: str, given: tuple[Any, ...]) -> None:
        if event == "open" and str(given[0]).endswith(".plan") and not given[2] & (os.O_WRONLY | os.O_RDWR):
            SEEN["plan reads"] += 1

    sys.addaudithook(count)
    for name in ("fsync", "fdatasync"):
        setattr(os, name, counted("syncs", getattr(os, name)))
    setattr(Fold, "__init__", counted("folds", Fold.__init__))  # noqa: B010 - no assignment that mypy lets pass
    targets = PlanFile.targets

    def counting_targets(file: PlanFile) -> Iterator[Target]:
        SEEN["plan passes"] += 1  # once it is read from: what is never asked for is no pass
        yield from targets(file)

    setattr(PlanFile, "targets", counting_targets)  # noqa: B010
    step = failpoints.step

    def counting_step(name: str) -> AbstractContextManager[None]:
        SEEN["commits"] += name == "journal.commit"
        return step(name)

    failpoints.step = counting_step


def counted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function; its calls are counted."""

    def counting(*given: Any) -> Any:
        SEEN[name] += 1
        return work(*given)

    return counting


def main() -> int:
    """Run one driver and print what it took, imports included."""
    ready, driver = json.load(sys.stdin), {"plan": plan, "ours": ours, "naive": naive, "batch": batch, "sdk": sdk}
    if sys.argv[1] == "ours":
        watch()
    started, before = time.monotonic(), time.process_time()
    driver[sys.argv[1]](ready)
    wall, cpu = time.monotonic() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    figures = {"wall": wall, "cpu": cpu, "peak_mb": peak}
    print(
        json.dumps(figures | {name: SEEN[name] for name in ("commits", "syncs", "plan reads", "plan passes", "folds")})
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
