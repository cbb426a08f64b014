"""Every fault of the matrix, as a client on a real socket sees it."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any

import pytest
import requests

from crm_bridge.errors import UsageError
from crm_bridge.sandbox.fault_answers import spoiled
from crm_bridge.sandbox.faults import KINDS, FaultPlan, FaultRule, Match, parse_plan
from crm_bridge.sandbox.serving.server import SandboxServer
from crm_bridge.spi.emulator import WireResponse

pytestmark = pytest.mark.timing


def ledger(server: SandboxServer) -> Any:
    """Return the ledger as an outsider reads it."""
    return requests.get(f"{server.base_url}/__sandbox__/ledger").json()


def get(server: SandboxServer, path: str = "/items", **options: Any) -> requests.Response:
    """Ask once, on a connection of its own."""
    return requests.get(server.base_url + path, timeout=5, allow_redirects=False, **options)


def ended(connection: socket.socket) -> bool:
    """Return whether the other side has closed, in whichever way."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("kind", ["refuse", "reset_before_reading", "drop_before", "drop_after"])
def test_the_connection_is_reset(server: SandboxServer, kind: str) -> None:
    server.inject(FaultRule(kind))
    # Reset while connecting, sending or waiting for the answer: the client has several names for it.
    with pytest.raises(requests.ConnectionError, match=r"reset by peer|Connection aborted"):
        get(server)


def test_the_connection_ends_without_an_answer(server: SandboxServer) -> None:
    server.inject(FaultRule("eof"))
    with pytest.raises(requests.ConnectionError, match="without response"):
        get(server)


@pytest.mark.parametrize(
    ("kind", "act", "left"),
    [
        ("drop_before", None, ["1", "2", "3"]),
        ("drop_after", None, ["1", "3"]),
        ("eof", None, ["1", "3"]),
        ("eof", False, ["1", "2", "3"]),
        ("reset_before_reading", None, ["1", "2", "3"]),
    ],
)
def test_the_crm_acts_or_not_although_the_answer_is_lost(
    server: SandboxServer, crm: Any, kind: str, act: bool | None, left: list[str]
) -> None:
    server.inject(FaultRule(kind, arguments={} if act is None else {"act": act}))
    with pytest.raises(requests.ConnectionError):
        requests.delete(f"{server.base_url}/items/2", timeout=5)
    assert crm.items == left


def test_a_request_without_an_answer_may_be_carried_out_later(server: SandboxServer, crm: Any) -> None:
    server.inject(FaultRule("late", arguments={"seconds": 0}))
    before = len(crm.ledger())
    with pytest.raises(requests.ConnectionError):
        get(server)
    assert len(crm.ledger()) == before
    assert get(server).status_code == 200
    # What was held back is done first, then what came after it.
    assert len(crm.ledger()) == before + 2


def test_a_request_that_never_reached_the_crm_is_in_the_ledger(server: SandboxServer) -> None:
    get(server, "/first")
    server.inject(FaultRule("drop_before"))
    with pytest.raises(requests.ConnectionError):
        get(server, "/second")
    get(server, "/third")
    entries = ledger(server)["entries"]
    assert [(line["seq"], line["path"], line.get("fault")) for line in entries] == [
        (1, "/first", None),
        (2, "/second", "drop_before"),
        (3, "/third", None),
    ]


def test_a_request_that_was_done_but_not_answered_is_in_the_ledger_with_its_effects(server: SandboxServer) -> None:
    server.inject(FaultRule("drop_after"))
    with pytest.raises(requests.ConnectionError):
        requests.delete(f"{server.base_url}/items/2", timeout=5)
    told = ledger(server)
    assert [line["effects"][0]["id"] for line in told["entries"]] == ["2"]
    assert told["faults"] == [
        {"kind": "drop_after", "method": "DELETE", "path": "/items/2", "acted": True, "changed": True}
    ]


def test_a_hanging_request_ends_after_its_time(server: SandboxServer) -> None:
    server.inject(FaultRule("hang", arguments={"seconds": 0.01}))
    with pytest.raises(requests.ConnectionError):
        get(server)


def test_a_hanging_request_is_let_go_when_the_server_stops(server: SandboxServer) -> None:
    server.inject(FaultRule("hang", arguments={"seconds": 60}))
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        while not ledger(server)["faults"]:
            pass
        server.close()
        assert ended(connection)


def test_a_delayed_answer_is_the_right_one(server: SandboxServer) -> None:
    server.inject(FaultRule("delay", arguments={"seconds": 0.01}))
    assert get(server).json()["total"] == 3


def test_a_body_is_cut(server: SandboxServer) -> None:
    server.inject(FaultRule("cut", arguments={"bytes": 5}))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="5 bytes read"):
        _ = get(server).content


@pytest.mark.parametrize("by", [10, -4])
def test_the_length_is_wrong(server: SandboxServer, by: int) -> None:
    right = len(get(server).content)
    server.inject(FaultRule("wrong_length", arguments={"by": by}))
    assert int(get(server, stream=True).headers["Content-Length"]) == right + by


@pytest.mark.parametrize("kind", ["trickle", "slow_headers"])
def test_a_slow_answer_arrives_whole(server: SandboxServer, kind: str) -> None:
    server.inject(FaultRule(kind, arguments={"bytes": 50, "pause": 0.0001}))
    assert get(server).json()["total"] == 3


@pytest.mark.parametrize("wait", ["30", "-1", "1e99", "Wed, 21 Oct 2099 07:28:00 GMT", "soon"])
def test_429_names_any_time(server: SandboxServer, wait: str) -> None:
    server.inject(FaultRule("too_many", arguments={"retry_after": wait}))
    answer = get(server)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, wait)


def test_429_may_name_no_time(server: SandboxServer) -> None:
    server.inject(FaultRule("too_many"))
    assert "Retry-After" not in get(server).headers


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_the_server_fails(server: SandboxServer, status: int) -> None:
    server.inject(FaultRule("server_error", arguments={"status": status}))
    assert get(server).status_code == status


def test_the_server_may_fail_after_it_acted(server: SandboxServer, crm: Any) -> None:
    server.inject(FaultRule("server_error", arguments={"act": True}))
    assert (requests.delete(f"{server.base_url}/items/2").status_code, crm.items) == (500, ["1", "3"])


@pytest.mark.parametrize(("kind", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_the_server_refuses(server: SandboxServer, kind: str, status: int) -> None:
    server.inject(FaultRule(kind, arguments={"json": {"code": "NO"}}))
    answer = get(server)
    assert (answer.status_code, answer.json()) == (status, {"code": "NO"})


def test_the_caller_gives_the_answer(server: SandboxServer) -> None:
    server.inject(FaultRule("answer", arguments={"json": {"errorCode": 7}, "headers": {"X-A": "b"}}))
    answer = get(server)
    assert (answer.status_code, answer.json(), answer.headers["X-A"]) == (200, {"errorCode": 7}, "b")


def test_the_json_is_malformed(server: SandboxServer) -> None:
    server.inject(FaultRule("malformed"))
    with pytest.raises(ValueError):
        json.loads(get(server).content)


def test_the_body_is_empty(server: SandboxServer) -> None:
    server.inject(FaultRule("empty"))
    assert (get(server).status_code, server.faults.met()) == (200, (1,))


@pytest.mark.parametrize("kind", ["html", "maintenance"])
def test_a_page_comes_instead_of_an_answer(server: SandboxServer, kind: str) -> None:
    server.inject(FaultRule(kind))
    answer = get(server)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_the_content_type_is_wrong(server: SandboxServer) -> None:
    server.inject(FaultRule("content_type", arguments={"value": "image/png"}))
    assert get(server).headers["Content-Type"] == "image/png"


def test_an_answer_is_too_large(server: SandboxServer) -> None:
    server.inject(FaultRule("oversize", arguments={"bytes": 1000}))
    assert len(get(server).content) == 1011


def test_a_small_answer_unpacks_to_a_large_one(server: SandboxServer) -> None:
    server.inject(FaultRule("gzip_bomb", arguments={"bytes": 1_000_000}))
    packed = get(server, stream=True).raw.read(decode_content=False)
    assert (len(packed) < 5000, len(gzip.decompress(packed))) == (True, 1_000_011)


def test_json_is_nested_deeply(server: SandboxServer) -> None:
    server.inject(FaultRule("deep_json", arguments={"depth": 1000}))
    assert get(server).content == b"[" * 1000 + b"]" * 1000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_answer_leads_elsewhere(server: SandboxServer, status: int) -> None:
    server.inject(FaultRule("redirect", arguments={"status": status, "location": "http://127.0.0.1:1/x"}))
    answer = get(server)
    assert (answer.status_code, answer.headers["Location"]) == (status, "http://127.0.0.1:1/x")


@pytest.mark.parametrize(
    ("kind", "ids"),
    [("duplicate_ids", ["1", "2", "1"]), ("missing_ids", ["1", "2"]), ("doubled_row", ["1", "2", "3", "1"])],
)
def test_the_list_of_an_answer_is_rewritten(server: SandboxServer, kind: str, ids: list[str]) -> None:
    server.inject(FaultRule(kind))
    told = get(server).json()
    assert ([item["id"] for item in told["items"]], told["total"]) == (ids, 3)


@pytest.mark.parametrize(
    ("kind", "piece"),
    [
        ("half_character", b'"B\\ud83d"'),
        ("control_character", b'"B\x01"'),
        ("not_a_number", b'"name":NaN'),
        ("doubled_key", b'"name":"B","name":"B"'),
    ],
)
def test_one_text_of_one_row_is_spoilt(kind: str, piece: bytes) -> None:
    body = b'{"items":[{"id":"1","name":"A"},{"id":"2","name":"B"},{"id":"3","name":"C"}]}'
    spoilt = spoiled(WireResponse(200, (), body), FaultRule(kind, arguments={"row": 1})).body
    assert spoilt.count(piece) == 1
    assert spoilt.startswith(b'{"items":[{"id":"1","name":"A"},{"id":"2",')
    assert spoilt.endswith(b'},{"id":"3","name":"C"}]}')


def test_a_mark_stands_before_the_json(server: SandboxServer) -> None:
    server.inject(FaultRule("byte_order_mark"))
    assert get(server).content.startswith(b"\xef\xbb\xbf{")


def test_every_kind_is_tried_here() -> None:
    with open(__file__, encoding="utf-8") as source:
        text = source.read()
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


@pytest.mark.parametrize(
    ("match", "asked", "hit"),
    [
        (Match(), [("GET", "/a"), ("GET", "/b")], [True, False]),
        (Match(count=None), [("GET", "/a"), ("GET", "/b")], [True, True]),
        (Match(nth=2), [("GET", "/a"), ("GET", "/b"), ("GET", "/c")], [False, True, False]),
        (Match(nth=2, count=2), [("GET", "/a")] * 4, [False, True, True, False]),
        (Match(method="DELETE"), [("GET", "/a"), ("DELETE", "/a")], [False, True]),
        (Match(path="/b?x=1"), [("GET", "/a?x=1"), ("GET", "/b?x=1&y")], [False, True]),
        (Match(pattern="/[ab]$"), [("GET", "/ab/c"), ("GET", "/c/a")], [False, True]),
    ],
)
def test_a_rule_strikes_the_requests_that_are_meant(
    match: Match, asked: list[tuple[str, str]], hit: list[bool]
) -> None:
    plan = FaultPlan([FaultRule("eof", match)])
    assert [plan.next_for(method, target) is not None for method, target in asked] == hit


def test_a_rule_can_look_into_the_body() -> None:
    plan = FaultPlan([FaultRule("eof", Match(body='"id":"7"'))])
    assert (plan.next_for("POST", "/x", b'{"id":"8"}'), plan.next_for("POST", "/x", b'{"id":"7"}') is not None) == (
        None,
        True,
    )


def test_the_first_of_two_rules_wins_and_both_are_counted() -> None:
    plan = FaultPlan([FaultRule("eof"), FaultRule("cut", Match(nth=2))])
    struck = [plan.next_for("GET", "/"), plan.next_for("GET", "/")]
    assert [rule.kind if rule else None for rule in struck] == ["eof", "cut"]


def test_a_plan_is_read_from_json(server: SandboxServer) -> None:
    rules: list[Any] = [{"kind": "answer", "match": {"path": "/items", "count": None}, "arguments": {"json": [1]}}]
    requests.post(f"{server.base_url}/__sandbox__/faults", json={"rules": rules})
    assert (get(server).json(), get(server).json(), get(server, "/other").json()["path"]) == ([1], [1], "/other")


def test_an_empty_plan_ends_all_faults(server: SandboxServer) -> None:
    server.inject(FaultRule("eof", Match(count=None)))
    requests.post(f"{server.base_url}/__sandbox__/faults", json=[])
    assert get(server).status_code == 200


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({}, "a fault plan is a list of rules"),
        ([{"kind": "nonsense"}], "rule 1 of the fault plan has no known kind"),
        ([{"kind": "eof"}, {"kind": "eof", "when": 1}], "rule 2: unknown key when"),
        ([{"kind": "eof", "match": {"paths": "/"}}], "rule 1: unknown key paths"),
        ([{"kind": "eof", "match": {"pattern": "("}}], "rule 1: "),
        ([{"kind": "eof", "match": {"nth": "x"}}], "rule 1: "),
        ([{"kind": "eof", "arguments": []}], "rule 1: match and arguments are tables"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused(plan: object, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        parse_plan(plan)
    assert refused.value.reason == "fault_plan"
