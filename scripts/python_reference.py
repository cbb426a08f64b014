"""Write the reference page of the Python names from their docstrings.

python scripts/python_reference.py [--check]
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import crm_bridge

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "python.md"
HEAD = """# Python

Everything that scripts need is exported from `crm_bridge`, typed, and described here from its docstrings; what is not
here may change without notice. The examples run as they stand, with an open `bridge`, a connection `crm`, a `run` that
removed the contract `removed`, contract `numbers`, a `folder` and the state directory `home`.

Amounts are `Decimal` in units of their currency, times are aware, digests are 64 hex digits. See also the
[filter language](filter-language.md), [errors and reasons](errors.md), and the
[fixtures](../how-to/test-your-scripts.md) for tests of your own scripts.
"""
GROUPS = {
    "Open and connect": ("Bridge", "Connection", "Profile", "Proof", "TenantFact"),
    "Contracts, found and chosen": ("Contract", "ContractRef", "RecordState", "Selection", "Details", "Filter"),
    "Plans": ("Plan", "PlanNotes", "Step", "Confirm", "Rehearsal"),
    "Runs": ("Run", "RunInfo", "RunItem", "Outcome", "Evidence", "Reason", "Progress", "StopFlag"),
    "Receipts, backups, restores": ("Receipt", "Saved", "RestoreStep", "Route", "RelinkPlan"),
    "The journal": ("JournalFindings", "DeletionAudit"),
}
VALUES = ("where", "all_of", "parse_filter")
ALIASES = {
    "Filter": "crm_bridge.domain.filters.tree",
    "Confirm": "crm_bridge.bridge.run_verbs",
    "Progress": "crm_bridge.pipeline.stopping",
}
TYPES = tuple(name for names in GROUPS.values() for name in names if name not in ALIASES)
INSIDE = {
    "Bridge": "env on_call reading wait_seconds stop progress warn receipts journal reading_journal make_keys "
    "own_keys vault retention connections resolved adapter adapter_context keep_connection change_connection "
    "profile context rules forget "
    "removed journal_keys withdrawn rotate_journal_key renew_journal",
    "Connection": "context journal_export leave_out_rehearsal renew",
    "JournalFindings": "as_json",
    "Plan": "deletion_plan file",
    "PlanNotes": "as_json from_json",
    "Profile": "capabilities content costs field_map",
    "Reason": "check halts of of_word rule",
    "Proof": "questions of",
    "Receipt": "issued",
    "TenantFact": "as_json from_json",
    "Rehearsal": "as_json",
    "Run": "of",
    "RunItem": "of",
    "Selection": "search",
}
"""What a public type has for the rooms of this program alone; it may change without a word."""
ONE_LINE = 100


def members(name: str) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a type that belong to scripts, in the order of the source: its own, then inherited."""
    kind = _kind(name)
    known: set[str] = set(INSIDE.get(name, "").split())
    for home in (kind, *(base for base in kind.__mro__[1:] if base.__module__.startswith("crm_bridge.bridge."))):
        for member, value in vars(home).items():
            if not member.startswith("_") and member not in known:
                known.add(member)
                yield member, value


def calls_of(name: str) -> list[str]:
    """Return the public methods of a type."""
    return [member for member, value in members(name) if inspect.isroutine(value)]


def public(name: str, call: str) -> Any:
    """Return a public name, or one of its methods."""
    return getattr(_kind(name), call) if call else getattr(crm_bridge, name)


def _kind(name: str) -> Any:
    # The conditions are methods of each field.
    return type(crm_bridge.where.number) if name == "where" else getattr(crm_bridge, name)


def _body(module: str) -> tuple[list[ast.stmt], str]:
    text = inspect.getsource(import_module(module))
    return ast.parse(text).body, text


def _told(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt, str]]:
    """Yield every assigned name with its statement and the docstring below it."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        target = getattr(node, "target", None) or next(iter(getattr(node, "targets", ())), None)
        told = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        if isinstance(target, ast.Name):
            yield target.id, node, inspect.cleandoc(str(told))


def attributes_of(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and description of every field, member and property of a class."""
    hidden = INSIDE.get(name, "").split()
    body, _text = _body(_kind(name).__module__)
    inside = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == name)
    for key, node, told in _told(inside):
        if not key.startswith("_") and key not in hidden:
            shape = node.annotation if isinstance(node, ast.AnnAssign) else getattr(node, "value", node)
            yield key, ast.unparse(shape), told
    for key, value in members(name):
        if isinstance(value, property):
            yield key, str(inspect.signature(value.fget or len).return_annotation), inspect.getdoc(value) or ""


def _alias(name: str) -> Iterator[str]:
    body, text = _body(ALIASES[name])
    for key, node, told in _told(body):
        if key == name:
            yield from ("```python", ast.get_source_segment(text, node) or "", "```", "", told)


def _type(name: str) -> Iterator[str]:
    yield from _described(_kind(name))
    if name == "Reason":
        yield from ("", "Its members stand in [errors](errors.md#reasons-why-a-contract-is-where-it-is).")
    elif rows := list(attributes_of(name)):
        yield from ("", "| attribute | type | |", "| --- | --- | --- |")
        yield from (
            f"| `{key}` | {_cell(f'`{shape}`' if shape else '')} | {_cell(told)} |" for key, shape, told in rows
        )
    for call in calls_of(name):
        yield from ("", f"#### {name}.{call}", "", "```python", _signature(name, call), "```", "")
        yield from _described(public(name, call))


def _signature(name: str, call: str) -> str:
    signature = inspect.signature(public(name, call))
    given = [one for one in signature.parameters.values() if one.name != "self"]
    parts = [re.sub(r"<function (\w+) at \w+>", r"\1", str(one).replace("'", "")) for one in given]
    kinds = [one.kind for one in given]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parts.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    result = f") -> {str(signature.return_annotation).strip(chr(39))}"
    short = f"{call}({', '.join(parts)}{result}"
    return short if len(short) <= ONE_LINE else "\n".join([f"{call}(", *(f"    {part}," for part in parts), result])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _described(thing: object) -> Iterator[str]:
    """Yield a docstring as Markdown: its examples become code."""
    text = inspect.getdoc(thing) or ""
    yield re.sub(r"(^>>> (?:.+\n?)+)", lambda found: f"```pycon\n{found[1].rstrip()}\n```\n", text, flags=re.M).rstrip()


def page() -> str:
    """Return the whole page."""
    lines = [HEAD.rstrip()]
    for group, names in GROUPS.items():
        lines += ["", f"## {group}"]
        for name in names:
            lines += ["", f"### {name}", "", *(_alias(name) if name in ALIASES else _type(name))]
    lines += ["", "## Filters", "", "### where", "", *_described(crm_bridge.where)]
    for call in calls_of("where"):
        lines += ["", f"#### where.FIELD.{call}", "", *_described(public("where", call))]
    for name in VALUES[1:]:
        lines += ["", f"### {name}", "", *_described(getattr(crm_bridge, name))]
    tree = inspect.getdoc(import_module("crm_bridge.errors")) or ""
    lines += ["", "## Errors", "", "```text", tree[tree.index("CrmBridgeError") :], "```", ""]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    new = page()
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != new
    if stale and "--check" not in arguments:
        PAGE.write_text(new, encoding="utf-8")
    print("changed" if stale else "fresh")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
