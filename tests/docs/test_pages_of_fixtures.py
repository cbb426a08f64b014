"""The page about tests of one's own scripts: its code is what a reader would put into a test file."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tests.docs.conftest import blocks

BLOCKS = blocks("docs/how-to/test-your-scripts.md", "python")


def written() -> dict[str, Any]:
    """Return the test functions of the page."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)
    return {name: found for name, found in names.items() if name.startswith("test_")}


def test_the_first_example_has_twelve_lines() -> None:
    assert len(BLOCKS[0].splitlines()) == 12


@pytest.mark.parametrize("name", written())
def test_a_test_of_the_page_passes_as_it_is_written(name: str, request: pytest.FixtureRequest) -> None:
    function = written()[name]
    function(*(request.getfixturevalue(fixture) for fixture in inspect.signature(function).parameters))
