"""Every public call has an example in its docstring, and every example runs as it is written."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import crm_bridge
from crm_bridge.testing.stand_in import StandIn, stand_in
from scripts.python_reference import TYPES, VALUES, attributes_of, calls_of, public

NAMES = [*((name, call) for name in (*TYPES, "where") for call in calls_of(name)), *((name, "") for name in VALUES)]
NAMES += [(name, "") for name in ("Plan", "Run", "Selection")]


@pytest.fixture(scope="module")
def globs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the examples take for granted: an open bridge, a connection, a run of one contract."""
    folder: Path = tmp_path_factory.mktemp("examples")
    with stand_in("zoho", folder, count=30) as made:
        yield names_for(made, folder)


def names_for(made: StandIn, folder: Path) -> dict[str, Any]:
    """Return the names that an example may use without saying where they come from."""
    crm = made.crm
    numbers = [one.number or "" for one in crm.find("everything") if one.number != "HT-2025-0001"]
    removed = crm.get(numbers.pop())
    run = crm.delete(removed.id, confirm=lambda plan: plan.phrase)
    given = {name: getattr(crm_bridge, name) for name in crm_bridge.__all__}
    here = {"bridge": made.bridge, "crm": crm, "home": made.home, "folder": folder, "date": date}
    return {**given, **here, "numbers": numbers, "removed": removed, "run": run}


@pytest.mark.parametrize(("name", "call"), NAMES)
def test_a_public_call_has_an_example_that_runs(globs: dict[str, Any], name: str, call: str) -> None:
    described = public(name, call)
    parser = doctest.DocTestParser()
    case = parser.get_doctest(inspect.getdoc(described) or "", dict(globs), f"{name}.{call}", None, None)
    assert case.examples, "an example is missing"
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(case, out=told.append)
    assert told == []


def test_every_attribute_of_a_public_type_is_described() -> None:
    told = {name: list(attributes_of(name)) for name in TYPES if name != "Reason"}
    assert [f"{name}.{key}" for name, rows in told.items() for key, _shape, words in rows if not words] == []
