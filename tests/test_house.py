"""Rules of the house. Exceptions stand here with a reason and are meant to go; one that is needed no more fails too."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES_IN_A_FOLDER, LINES_IN_A_FUNCTION, LINES_IN_A_FILE = 13, 46, 250

LARGE_FOLDERS: Mapping[str, str] = {
    "adapters/crm_bridge_fxiaoke": "the file names that every adapter has, to be found in each",
    "adapters/crm_bridge_zoho": "the file names that every adapter has, to be found in each",
    "crm_bridge": "rooms of one file each",
    "crm_bridge/bridge": "the front door, on its way to be divided",
    "crm_bridge/cli/commands": "one file per command",
}
LONG_FUNCTIONS: Mapping[str, str] = {}
LARGE_FILES: Mapping[str, str] = {
    "adapters/crm_bridge_fxiaoke/client.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_fxiaoke/emulator/emulator.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_fxiaoke/emulator/state/state.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_fxiaoke/locator.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_fxiaoke/mapping.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_fxiaoke/reading/records.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_fxiaoke/restoring/recreator.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_fxiaoke/snapshotter.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_zoho/emulator/api/recycle_bin.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_zoho/emulator/control/controls.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_zoho/emulator/emulator.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_zoho/emulator/oauth.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_zoho/emulator/queries/coql_match.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_zoho/emulator/queries/coql_text.py": "a strict stand-in: to be divided by endpoint",
    "adapters/crm_bridge_zoho/filters.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_zoho/finder.py": "one idea that grew: to be divided",
    "adapters/crm_bridge_zoho/snapshotter.py": "one idea that grew: to be divided",
    "crm_bridge/bridge/bridge.py": "opening, and what is done with a state directory: two ideas, to be divided",
    "crm_bridge/bridge/connection.py": "the verbs, and carrying a run out: two ideas, to be divided",
    "crm_bridge/bridge/setup/doctor.py": "one idea that grew: to be divided",
    "crm_bridge/domain/filters/pushdown.py": "one idea that grew: to be divided",
    "crm_bridge/domain/filters/rules.py": "one idea that grew: to be divided",
    "crm_bridge/domain/filters/syntax.py": "one idea that grew: to be divided",
    "crm_bridge/domain/filters/tree.py": "one idea that grew: to be divided",
    "crm_bridge/domain/lifecycle.py": "a table, or nearly one",
    "crm_bridge/domain/reasons.py": "a table, or nearly one",
    "crm_bridge/domain/restoring/comparison.py": "one idea that grew: to be divided",
    "crm_bridge/errors.py": "a table, or nearly one",
    "crm_bridge/journal/checking/recompute.py": "one idea that grew: to be divided",
    "crm_bridge/journal/checking/sources.py": "one idea that grew: to be divided",
    "crm_bridge/journal/store.py": "one idea that grew: to be divided",
    "crm_bridge/pipeline/deleting/delete.py": "one idea that grew: to be divided",
    "crm_bridge/pipeline/planning/plan.py": "one idea that grew: to be divided",
    "crm_bridge/spi/adapter.py": "a table, or nearly one",
    "crm_bridge/vault/backup_set.py": "one idea that grew: to be divided",
}
FORBIDDEN_TO_CLI = ("crm_bridge.domain.restoring.forecast", "crm_bridge.vault", "crm_bridge.journal")
CLI_IMPORTS: Mapping[str, str] = {}
CALLED_BY_LIBRARIES: Mapping[str, str] = {
    "_tunnel": "http.client",
    "cert_verify": "requests",
    "do_CONNECT": "http.server",
    "emit": "logging",
    "format_epilog": "click",
    "format_usage": "click",
    "fromutc": "datetime",
    "get_redirect_target": "requests",
    "handle_error": "socketserver",
    "handle_expect_100": "http.server",
    "handle_one_request": "http.server",
    "init_poolmanager": "requests",
    "set_debuglevel": "http.client",
    "tzname": "datetime",
}


def sources(*folders: str) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@cache
def parsed() -> dict[str, ast.Module]:
    return {path: ast.parse(text) for path, text in sources("crm_bridge", "adapters")}


def lines_of(function: ast.FunctionDef) -> int:
    """Return how many lines a function has; its docstring, which may hold examples, does not count."""
    first = function.body[0]
    told = ast.get_docstring(function, clean=False) is not None
    return (function.end_lineno or 0) - function.lineno + 1 - ((first.end_lineno or 0) - first.lineno + 1) * told


def check(there: Mapping[str, object], exceptions: Mapping[str, str]) -> None:
    """Compare what breaks a rule with its exceptions, both ways."""
    new = {place: what for place, what in there.items() if place not in exceptions}
    assert new == {}, "breaks the rule"
    assert sorted(exceptions.keys() - there.keys()) == [], "no longer an exception: take it out"


def test_no_public_class_name_stands_twice_in_the_core() -> None:
    names = Counter(
        node.name
        for path, tree in parsed().items()
        if path.startswith("crm_bridge/")
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} == set()


def test_a_folder_holds_about_a_dozen_modules() -> None:
    counts = Counter(str(Path(path).parent) for path in parsed() if not path.endswith("__.py"))
    check({folder: n for folder, n in counts.items() if n > MODULES_IN_A_FOLDER}, LARGE_FOLDERS)


def test_a_function_fits_on_a_screen() -> None:
    check(
        {
            f"{path}:{node.name}": length
            for path, tree in parsed().items()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and (length := lines_of(node)) > LINES_IN_A_FUNCTION
        },
        LONG_FUNCTIONS,
    )


def test_a_file_is_read_in_one_go() -> None:
    long = {path: n for path, text in sources("crm_bridge", "adapters") if (n := text.count("\n")) > LINES_IN_A_FILE}
    check(long, LARGE_FILES)


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node but those of imports for types alone."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from at_run_time(node)


def test_the_command_line_asks_the_bridge_for_facts() -> None:
    found = {}
    for path, tree in parsed().items():
        if path.startswith("crm_bridge/cli/"):
            modules = {node.module or "" for node in at_run_time(tree) if isinstance(node, ast.ImportFrom)}
            if taken := sorted(one for one in modules if one.startswith(FORBIDDEN_TO_CLI)):
                found[path] = taken
    check(found, CLI_IMPORTS)


def test_nothing_is_there_for_tests_only() -> None:
    used: Counter[str] = Counter()
    for _path, text in sources("crm_bridge", "adapters", "scripts", "sweeps", "referees", "examples", "benchmarks"):
        used.update(re.findall(r"\b[A-Za-z_]\w*\b", text))
    unused = {
        node.name: path
        for path, tree in parsed().items()
        if not path.startswith("crm_bridge/testing/")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and used[node.name] == 1 and not node.decorator_list
    }
    check(
        {name: path for name, path in unused.items() if not name.startswith("__")},
        CALLED_BY_LIBRARIES,
    )


def test_the_adapters_have_the_same_file_names_at_the_top() -> None:
    names = [{one.name for one in (ROOT / f"adapters/crm_bridge_{crm}").glob("*.py")} for crm in ("zoho", "fxiaoke")]
    assert names[0] == names[1], "what only one CRM has goes into the folder of its verb or module"


def test_every_package_lists_its_modules_in_reading_order() -> None:
    for path, tree in parsed().items():
        if path.endswith("__init__.py"):
            folder = ROOT / Path(path).parent
            there = {one.stem for one in folder.glob("*.py")} - {"__init__"}
            there |= {f"{one.name}/" for one in folder.iterdir() if (one / "__init__.py").is_file()}
            named = re.findall(r"^ {4}(\w+/?)(?: {2,}|$)", ast.get_docstring(tree, clean=False) or "", re.MULTILINE)
            assert sorted(named) == sorted(there), path
