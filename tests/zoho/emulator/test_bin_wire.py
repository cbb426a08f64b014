"""The recycle bin's rarer calls: emptying it, counting it, and a profile that may not use it."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_bin_is_emptied_and_counted(zoho: Any) -> None:
    first, second = zoho.contracts()[:2]
    zoho.delete("/Contracts", ids=f"{first},{second}")
    full = zoho.get("/settings/recycle_bin/actions/count").json["count"]
    assert full >= 2
    reply = zoho.post("/settings/recycle_bin/actions/empty")
    assert (reply.status, reply.json["code"]) == (200, "SUCCESS")
    assert zoho.get("/settings/recycle_bin/actions/count").json == {"count": 0}
    assert zoho.get("/settings/recycle_bin").status == 204


def test_a_large_bin_is_emptied_by_a_job(plain: Any) -> None:
    ids = plain.contracts()
    for at in range(0, len(ids), 100):
        plain.delete("/Contracts", ids=",".join(ids[at : at + 100]))
    assert plain.get("/settings/recycle_bin/actions/count").json["count"] > 1000
    reply = plain.post("/settings/recycle_bin/actions/empty")
    assert (reply.status, reply.json["code"]) == (202, "SCHEDULED")
    plain.control("advance", seconds=60)
    assert plain.get("/settings/recycle_bin/actions/count").json == {"count": 0}


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("delete", "/settings/recycle_bin/{id}"),
        ("delete", "/settings/recycle_bin?ids={id}"),
        ("post", "/settings/recycle_bin/{id}/actions/restore"),
        ("post", "/settings/recycle_bin/actions/restore"),
    ],
)
def test_a_profile_without_the_bin_neither_purges_nor_restores(zoho: Any, verb: str, path: str) -> None:
    one = zoho.contracts()[0]
    zoho.delete("/Contracts", ids=one)
    zoho.control("profile", recycle_bin=False)
    plain_path, _mark, ids = path.format(id=one).partition("?ids=")
    if verb == "delete":
        reply = zoho.delete(plain_path, **({"ids": ids} if ids else {}))
    else:
        reply = zoho.post(plain_path, {"ids": [one]})
    assert (reply.status, reply.json["code"]) == (403, "NO_PERMISSION")
    assert zoho.control("record", id=one)["place"] == "bin"
    zoho.control("profile", recycle_bin=True)
    assert zoho.post(f"/settings/recycle_bin/{one}/actions/restore").status == 200
