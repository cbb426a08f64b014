"""Composite requests: up to five calls in one, later ones may use what earlier ones answered."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_zoho.emulator.answers import ApiError, Json, envelope, field_missing, invalid_data, ok, success
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.routing import Route
from crm_bridge_zoho.emulator.state.org import Org

MOST = 5
MOST_ROWS = 25
_KEY = "__composite_requests"
_REFERENCE = re.compile(r"@\{(?P<id>[^:}]+):\$(?P<path>[^}]*)\}")
_STEP = re.compile(r"\.([A-Za-z_$][\w$]*)|\[(\d+)\]")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def composite(call: Call) -> WireResponse:
    """POST /__composite_requests."""
    body = call.object_body()
    parts = body.get(_KEY)
    if parts is None:
        raise field_missing(_KEY, {"json_path": f"$.{_KEY}"})
    if not isinstance(parts, list) or not parts:
        raise invalid_data({"expected_data_type": "jsonarray", "api_name": _KEY, "json_path": f"$.{_KEY}"})
    if len(parts) > MOST:
        raise invalid_data({"maximum_length": MOST, "api_name": _KEY, "json_path": f"$.{_KEY}"})
    rollback, parallel = body.get("rollback_on_fail") is True, body.get("parallel_execution") is True
    if rollback and parallel:
        names = ("rollback_on_fail", "parallel_execution")
        causes = [{"api_name": name, "json_path": f"$.{name}"} for name in names]
        text = "ambiguity while processing the request"
        raise ApiError("AMBIGUITY_DURING_PROCESSING", text, {"ambiguity_due_to": causes})
    wrong = [problem for n, part in enumerate(parts) if (problem := _problem(call, part, n, parallel=parallel))]
    if wrong:
        return ok({_KEY: wrong}, 400)
    return _run(call, parts, rollback=rollback)


def _run(call: Call, parts: list[Json], *, rollback: bool) -> WireResponse:
    before = _Checkpoint(call) if rollback else None
    answers: dict[str, Any] = {}
    results: list[Json] = []
    for number, part in enumerate(parts):
        result, failed = _one(call, part, number, answers)
        results.append(result)
        if failed and before:
            before.return_to(call)
            text = "rollback performed due to failure in sub request"
            undone = envelope("ROLLBACK_PERFORMED", text, {"rollbacked_by_sub_request_index": number})
            stopped = envelope("PROCESSING_STOPPED", "processing stopped due to rollback", {})
            return ok({_KEY: [*[undone] * number, result, *[stopped] * (len(parts) - number - 1)]}, 207)
    call.credits = 2 if rollback else 1
    good = sum(result["status"] == "success" for result in results)
    return ok({_KEY: results}, 200 if good == len(results) else (207 if good else 400))


def _one(call: Call, part: Json, number: int, answers: dict[str, Any]) -> tuple[Json, bool]:
    at = f"$.{_KEY}[{number}]"
    try:
        filled = {name: _filled(part.get(name), answers) for name in ("uri", "params", "body", "headers")}
    except LookupError as unknown:
        details = {"api_name": "uri", "json_path": at, "reference": str(unknown.args[0])}
        return envelope("INVALID_REFERENCE", "invalid reference given in the sub request", details), True
    headers = {str(name).lower(): str(value) for name, value in (filled["headers"] or {}).items()}
    content = b"" if filled["body"] is None else json.dumps(filled["body"], default=str).encode()
    query = urlencode({name: str(value) for name, value in (filled["params"] or {}).items()})
    answer = call.dispatch(WireRequest(str(part["method"]), str(filled["uri"]), query, headers, content))
    shown: Any = json.loads(answer.body) if answer.body else {}
    answers[str(part.get("sub_request_id", number + 1))] = shown
    response = {
        "headers": {name.lower(): value for name, value in answer.headers},
        "status_code": answer.status,
        "body": shown,
    }
    return success("composite sub request executed successfully", {"response": response}), answer.status >= 400


def _problem(call: Call, part: Any, number: int, *, parallel: bool) -> Json | None:
    at = f"$.{_KEY}[{number}]"
    if not isinstance(part, Mapping):
        details = {"expected_data_type": "jsonobject", "api_name": _KEY, "json_path": at}
        return envelope("INVALID_DATA", "invalid data", details)
    for name in ("method", "uri"):
        if name not in part:
            details = {"api_name": name, "json_path": f"{at}.{name}"}
            return envelope("MANDATORY_NOT_FOUND", "required field not found", details)
    method, uri = part["method"], str(part["uri"])
    if method not in _METHODS:
        return envelope("INVALID_DATA", "invalid data", {"api_name": "method", "json_path": f"{at}.method"})
    if not uri.startswith(f"/crm/v{call.path['v']}/") or _KEY in uri or "?" in uri:
        return envelope("INVALID_DATA", "invalid data", {"api_name": "uri", "json_path": f"{at}.uri"})
    if parallel and _REFERENCE.search(json.dumps(part, default=str)):
        return envelope("NOT_SUPPORTED", "references need sequential execution", {})
    return _beyond_limits(part, at)


def _beyond_limits(part: Mapping[str, Any], at: str) -> Json | None:
    """Return an error for more than one record written or more than 25 read."""
    params, body = part.get("params") or {}, part.get("body")
    rows = body.get("data") if isinstance(body, Mapping) else None
    if isinstance(rows, list) and len(rows) > 1:
        details = {"maximum_length": 1, "api_name": "data", "json_path": f"{at}.body.data"}
        return envelope("INVALID_DATA", "invalid data", details)
    if part["method"] == "DELETE" and "ids" in params:
        details = {"api_name": "params", "json_path": f"{at}.params", "restricted_params": ["ids"]}
        return envelope("NOT_SUPPORTED", "the param is not supported", details)
    size = str(params.get("per_page", ""))
    if size.isdigit() and int(size) > MOST_ROWS:
        details = {"maximum_length": MOST_ROWS, "api_name": "per_page", "json_path": f"{at}.params.per_page"}
        return envelope("INVALID_DATA", "invalid data", details)
    return None


def _filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """Replace references in text, at any depth. Raises LookupError with the reference that leads nowhere."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: str(_referred(found, answers)), value)
    if isinstance(value, Mapping):
        return {name: _filled(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, answers) for each in value]
    return value


def _referred(found: re.Match[str], answers: Mapping[str, Any]) -> Any:
    try:
        value = answers[found["id"]]
        for name, index in _STEP.findall(found["path"]):
            value = value[name] if name else value[int(index)]
    except (LookupError, TypeError):
        raise LookupError(found.group(0)) from None
    return value


class _Checkpoint:
    """State that a failing composite call goes back to."""

    _NAMES = ("tables", "bin", "tombstones", "blobs", "events", "serials", "locks")

    def __init__(self, call: Call) -> None:
        org: Org = call.org
        self._state = copy.deepcopy({name: getattr(org, name) for name in self._NAMES})
        self._effects = len(call.effects)

    def return_to(self, call: Call) -> None:
        for name, value in self._state.items():
            setattr(call.org, name, value)
        del call.effects[self._effects :]


ROUTES = (Route("POST", "/crm/{v}/__composite_requests", composite, ("ZohoCRM.composite_requests.CUSTOM",)),)
