"""What may come of each fault in each column of the matrix: exit codes, by the rules of docs/reference/errors.md."""

from __future__ import annotations

from collections.abc import Mapping

from tests.faults.matrix import Call, Result

PHASES: Mapping[str, int] = {"plan": 0, "apply": 1, "restore": 2}

ALLOWED: Mapping[str, frozenset[int]] = {
    "sign_in": frozenset({0, 1}),
    "metadata": frozenset({0, 1}),
    # 8: the plan says which of the ids were not found.
    "find": frozenset({0, 1, 8}),
    # Held where one contract is concerned, 6 where the backup as a whole does not hold.
    "snapshot": frozenset({0, 1, 3, 6}),
    "gate": frozenset({0, 1, 3, 7}),
    "remove": frozenset({0, 1, 3, 7, 9}),
    "verify": frozenset({0, 9}),
    "way_back": frozenset({0, 1, 3}),
    "untrash": frozenset({0, 3, 9}),
    # What came back is compared with the backup; what cannot be read is not compared.
    "measure": frozenset({0, 1, 3, 9}),
    "recreate": frozenset({0, 3, 9}),
}
READS = frozenset({"metadata", "find", "snapshot", "gate", "verify", "way_back"})

PASSING = frozenset(
    {"reset_before_reading", "reset_not_done", "reset_done", "end_done"}
    | {"silence_not_done", "silence_done", "late_done", "trickle", "slow_headers", "cut", "wrong_length"}
    | {"too_many_wait", "too_many_absurd", "too_many_silent", "malformed", "empty", "html", "maintenance"}
    | {"content_type", *(f"status_{code}" for code in (401, 500, 502, 503, 504))}
)
"""Faults that a read survives when they come once."""
FATAL = frozenset({"gzip_bomb", "deep_json", *(f"redirect_{code}" for code in (301, 302, 303, 307, 308))})
"""Faults that no read survives: nothing is learnt from asking again."""
PASSED_OVER = {
    ("zoho", "find-1", "/Contracts"): "how large the module is: not known",
    ("zoho", "find-2", "/coql"): "how many rows go along: not counted, and said so",
    ("zoho", "find-4", "/coql"): "what was deleted beside the plan: not known",
    ("zoho", "whoami-3", "/settings/fields"): "a list whose fields cannot be read is saved without them",
    ("zoho", "whoami-4", "/coql"): "what a query takes: asked one by one then",
    ("zoho", "whoami-7", "/coql"): "what a query takes: asked one by one then",
    ("zoho", "whoami-8", "/settings/fields"): "a list whose fields cannot be read is saved without them",
    ("zoho", "locate-4", "/coql"): "what came back is looked at twice",
    ("fxiaoke", "whoami-2", "/object/describe"): "a description is asked for twice",
    ("fxiaoke", "whoami-7", "/object/describe"): "a description is asked for twice",
    ("fxiaoke", "prepare-2", "/object/describe"): "a description is asked for twice",
    ("fxiaoke", "find-2", "/data/query"): "how many rows go along: not counted, and said so",
    ("fxiaoke", "find-4", "/data/query"): "what was deleted beside the plan: not known",
    ("fxiaoke", "locate-4", "/data/query"): "what came back is looked at twice",
    ("fxiaoke", "snapshot-1", "/data/get"): "a record that a query does not show is asked for twice",
}
"""Reads whose untrustworthy answer need not end a run (adapter, verb, end of the address), and why.

They are asked again, or only add to what is said.

That the backup was whole, and that nothing else was touched, is compared with the CRM's own books all the same.
"""


def verdict(result: Result) -> list[str]:
    """Return what contradicts the table."""
    found = []
    allowed = ALLOWED[result.call.column]
    if result.call.column == "verify" and result.fault == "status_401":
        allowed |= {1}  # signed out for good: nothing can be looked at any more, and nothing else is begun
    for code in result.codes:
        if code not in allowed:
            found.append(f"exit code {code} is not one of {sorted(allowed)} in the column {result.call.column}")
    if any(result.after):
        found.append(f"it did not recover: {result.after}")
    if result.met and result.call.column == "remove" and result.fault.startswith("redirect") and result.codes[1] != 7:
        found.append("a redirect in answer to a delete did not end the run")
    if result.met and not result.lasting and result.call.column in READS and not is_file(result):
        worst = max(result.codes)
        if result.fault in PASSING and worst != 0:
            found.append("a read that failed once was not repeated")
        if result.fault in FATAL and worst == 0 and not _is_passed_over(result.call):
            found.append("an answer that cannot be trusted was passed over")
    return found


def _is_passed_over(call: Call) -> bool:
    return any((call.adapter, call.verb) == (who, verb) and call.path.endswith(end) for who, verb, end in PASSED_OVER)


def is_file(result: Result) -> bool:
    """Return whether the call is a download: repeated only before the first byte, and never judged by its content."""
    path = result.call.path
    return "download" in path or path.endswith(r"Attachments/\d+")
