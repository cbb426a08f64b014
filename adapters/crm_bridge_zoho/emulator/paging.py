"""Pages and page tokens: 2,000 rows by number, 100,000 by token, tokens bound to their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_bridge_zoho.emulator.answers import ApiError, Json, invalid_param
from crm_bridge_zoho.emulator.call import Call
from crm_bridge_zoho.emulator.state.org import DAY
from crm_bridge_zoho.emulator.state.store import Record

DISCRETE = 2_000
TOKENED = 100_000
_FREE = frozenset({"page", "page_token"})


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are asked for."""

    start: int
    size: int
    number: int


def read_page(call: Call) -> Page:
    """Return the page of a list read that takes `page` or `page_token`."""
    size = read_int(call, "per_page", 200, 200)
    token = call.params.get("page_token")
    if token:
        if "page" in call.params:
            parts = [{"param_name": "page"}, {"param_name": "page_token"}]
            raise ApiError(
                "AMBIGUITY_DURING_PROCESSING", "ambiguity while processing the request", {"ambiguity_due_to": parts}
            )
        return page_of_token(call, token, size)
    number = read_int(call, "page", 1, 10**9)
    if number * size > DISCRETE and (number - 1) * size >= DISCRETE and call.version > 2:
        message = "You can only get the first 2000 records without using page_token param"
        raise ApiError("DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, {"limit": DISCRETE})
    return Page((number - 1) * size, size, number)


def plain_page(call: Call) -> Page:
    """Return the page of a list that has page numbers only."""
    size = read_int(call, "per_page", 200, 200)
    number = read_int(call, "page", 1, 10**9)
    return Page((number - 1) * size, size, number)


def plain_info(page: Page, total: int) -> Json:
    """Return the `info` of a list that has page numbers only."""
    shown = max(0, min(page.size, total - page.start))
    more = total > page.start + page.size
    return {"per_page": page.size, "count": shown, "page": page.number, "more_records": more}


def info(call: Call, page: Page, rows: Sequence[Record], *, more: bool, sort_by: str, sort_order: str) -> Json:
    """Return the `info` of a list read, with tokens for the pages around it."""
    if call.version == 2:
        return {
            "per_page": page.size, "count": len(rows), "sort_by": sort_by, "page": page.number,
            "sort_order": sort_order, "more_records": more,
        }  # fmt: skip
    token = token_for(call, page.start + page.size, page.number + 1, more)
    back = token_for(call, page.start - page.size, page.number - 1, page.start >= page.size and page.number > 1)
    expiry = call.org.stamp(call.org.now() + DAY) if token or back else None
    return {
        "call": False, "per_page": page.size, "next_page_token": token, "count": len(rows), "sort_by": sort_by,
        "page": page.number, "previous_page_token": back, "page_token_expiry": expiry, "sort_order": sort_order,
        "email": False, "more_records": more,
    }  # fmt: skip


def read_int(call: Call, name: str, default: int, highest: int) -> int:
    """Return a whole number of at least 1; more than `highest` is refused."""
    text = call.params.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise invalid_param(name)
    return int(text)


def _binding(call: Call) -> dict[str, str]:
    return {name: value for name, value in call.params.items() if name not in _FREE} | {
        "": call.request.path,
        "u": call.me,
    }


def token_for(call: Call, start: int, number: int, wanted: bool) -> str | None:
    """Return a token for the page that begins at `start`, bound to this call's parameters; None if not wanted."""
    if not wanted:
        return None
    token = call.org.new_key(64)
    facts = {"start": start, "number": number, "expires": call.org.now() + DAY, "binding": _binding(call)}
    call.org.page_tokens[token] = facts
    return token


def page_of_token(call: Call, token: str, size: int) -> Page:
    """Return the page that a token stands for."""
    facts = call.org.page_tokens.get(token)
    if facts is None:
        raise invalid_param("page_token")
    if facts["binding"] != _binding(call):
        message = "The page token does not belong to these parameters"
        raise ApiError("TOKEN_BOUND_DATA_MISMATCH", message, {"param_name": "page_token"})
    if facts["expires"] <= call.org.now():
        raise ApiError("EXPIRED_VALUE", "Page token expired", {"param_name": "page_token"})
    if facts["start"] >= TOKENED:
        message = "You can only get up to first 100000 records using page_token param"
        raise ApiError("PAGINATION_LIMIT_EXCEEDED", message, {"limit": TOKENED})
    return Page(facts["start"], size, facts["number"])
