"""Whatever is asked, the emulator answers as an HTTP API does: it never raises and never slips into a 500."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_bridge.spi.emulator import WireRequest
from crm_bridge_zoho.emulator.endpoints import router

_ROUTES = router().operations()
_NAMES = (
    "fields", "ids", "page", "per_page", "page_token", "sort_by", "sort_order", "cvid", "criteria", "word", "email",
    "phone", "filters", "module", "type", "wf_trigger", "job_id", "id", "fields_attachment_id", "attachmentUrl",
)  # fmt: skip
_KEYS = (
    "data", "ids", "cvid", "select_query", "trigger", "query", "operation", "resource", "filters", "group_operator",
    "duplicate_check_fields", "restore_all_records", "__composite_requests", "get_related_records_count", "module",
    "criteria", "group", "field", "api_name", "comparator", "value", "method", "uri", "params", "body", "related_list",
)  # fmt: skip
_CELLS = (
    "id", "Name", "Account", "Owner", "Contract_Lines", "Contacts", "Signed_Copy", "End_Date", "Contract_Value",
    "Seats", "Parent_Id", "Note_Content", "Regions", "Legacy_Key", "Auto_Renewal", "Tag",
    "_delete", "File_Id__s", "External_Id",
)  # fmt: skip
_WORDS = (
    "select", "Name", "id", ",", "COUNT(id)", "Account.Account_Name", "from", "Contracts", "where", "=", "in", "(", ")",
    "'x'", "5", "and", "or", "not", "like", "between", "is", "null", "group", "by", "order", "limit", "offset", "as",
    "\\",
)  # fmt: skip
_TEXTS = st.sampled_from([
    "", "Name", "id", "Contracts", "Notes", "554023000003700001", "554023000003700021", "-1", "0", "True", "[]", "{}",
    "select Name from Contracts where id is not null", "(Name:equals:x)", "((", "\\", "2026-01-01", "x" * 300, "合同",
    '{"field":{"api_name":"module"},"comparator":"equal","value":"Contracts"}', "Account.Account_Name", "%", "'",
])  # fmt: skip
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS) | _TEXTS, inner, max_size=4),
    max_leaves=8,
)
_ROWS = st.lists(st.dictionaries(st.sampled_from(_CELLS), _VALUES, max_size=5), min_size=1, max_size=2)
_QUERY = st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join)
_BODIES = st.one_of(
    st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=4),
    st.fixed_dictionaries({"data": _ROWS}),
    _QUERY.map(lambda text: {"select_query": f"select Name from Contracts where {text}"}),
    _QUERY.map(lambda text: {"select_query": text}),
    st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=4).map(
        lambda more: {"query": {"module": {"api_name": "Contracts"}, **more}}
    ),
).map(lambda value: json.dumps(value).encode())
_HEADERS = st.dictionaries(
    st.sampled_from(["if-modified-since", "x-external", "content-type", "accept-encoding", "feature"]),
    st.sampled_from(["", "x", "application/json", "multipart/form-data; boundary=b", "Contracts.External_Id", "gzip",
                     "2026-08-01T00:00:00Z", "bulk-write"]),
    max_size=3,
)  # fmt: skip


@pytest.fixture
def any_zoho(zoho: Any) -> Any:
    """One org for all examples: what they change is part of the next one."""
    zoho.switch("concurrency_limit", 0)
    zoho.switch("credits_limit", 10**9)
    return zoho


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operation=st.sampled_from(_ROUTES),
    module=st.sampled_from(["Contracts", "Notes", "Accounts", "No_Such", "Payments"]),
    one=_TEXTS, other=_TEXTS, query=st.dictionaries(st.sampled_from(_NAMES), _TEXTS, max_size=5),
    body=_BODIES | st.binary(max_size=40), headers=_HEADERS,
)  # fmt: skip
def test_any_request_gets_an_answer_of_the_api(
    any_zoho: Any, operation: tuple[str, str], module: str, one: str, other: str, query: dict[str, str], body: bytes,
    headers: dict[str, str],
) -> None:  # fmt: skip
    method, template = operation
    names = dict.fromkeys(("id", "nid", "aid", "name", "job", "lock"), one or "1")
    names |= {"v": "v8", "module": module, "related": other or "Notes"}
    names |= {"notes": "Notes", "notes_list": "Notes", "files_list": "Attachments"}
    auth = {"authorization": f"Zoho-oauthtoken {any_zoho.token}"}
    request = WireRequest(method, template.format_map(names), urlencode(query), auth | headers, body)
    response = any_zoho.emulator.handle(request)
    assert response.status in {200, 201, 202, 204, 207, 304, 400, 403, 404, 412, 413, 415}
    media = dict(response.headers).get("Content-Type", "")
    encoded = "Content-Encoding" in dict(response.headers)
    if "json" in media and not encoded:
        answer = json.loads(response.body)
        assert response.status < 400 or "code" in answer or any(isinstance(v, list) for v in answer.values())
    any_zoho.clock.advance(1)
    if any_zoho.get("/org").status == 401:
        any_zoho.sign_in()
