"""The pages of errors name every family with its exit code."""

from __future__ import annotations

import re

import pytest

from crm_bridge import errors
from crm_bridge.errors import CrmBridgeError, JournalCheckError
from tests.docs.conftest import ROOT

PAGES = ["docs/reference/errors.md", "docs/zh_CN/reference/errors.md"]


def named(page: str) -> dict[str, int]:
    """Return the class names in the table of exit codes, each with its code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+)(?:-\d+)? \| ([^|]*`\w+Error`[^|]*) \|", text, re.MULTILINE)
    return {name: int(code) for code, names in rows for name in re.findall(r"`(\w+)`", names)}


@pytest.mark.parametrize("page", PAGES)
def test_every_family_of_errors_is_named(page: str) -> None:
    # Only those of the page's own module: tests and failpoints have families of their own.
    families = {one.__name__ for one in CrmBridgeError.__subclasses__() if one.__module__ == errors.__name__}
    assert families - set(named(page)) == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_exit_code_is_that_of_the_class(page: str) -> None:
    codes = {name: getattr(errors, name).exit_code for name in named(page)}
    assert JournalCheckError.__name__ in codes
    assert codes | {"JournalCheckError": 10} == named(page)
