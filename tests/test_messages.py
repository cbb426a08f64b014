"""Messages in two languages: nothing is lost, nothing is made up, nothing depends on the day of compiling."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge import i18n
from crm_bridge.i18n import _, in_language, language_from, use_language

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def chinese() -> Iterator[None]:
    """A reader of Chinese."""
    before = i18n.active_language()
    use_language("zh")
    yield
    use_language(before)


def test_the_empty_text_stays_empty(chinese: None) -> None:
    assert _("") == ""
    assert in_language("zh", "") == ""


def test_a_message_is_said_in_the_readers_language(chinese: None) -> None:
    assert _("removed") == "已删除"
    assert in_language("en", "removed") == "removed"


def test_a_text_that_is_no_message_is_said_as_it_is(chinese: None) -> None:
    assert _("HT-2024-0183") == "HT-2024-0183"


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "CRM_BRIDGE_LANG": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8", "CRM_BRIDGE_LANG": "zh"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_chooses(variables: dict[str, str], language: str) -> None:
    assert language_from(variables) == language


@pytest.mark.parametrize("day", ["2026-01-01", "2031-12-31"])
def test_the_catalogue_is_fresh_whatever_the_day(day: str) -> None:
    code = (
        "import datetime, sys, runpy\n"
        "from babel.messages import catalog\n"
        f"fixed = datetime.datetime.fromisoformat('{day}T00:00:00+00:00')\n"
        "class Then(datetime.datetime):\n"
        "    now = classmethod(lambda cls, tz=None: fixed)\n"
        "catalog.datetime.datetime = Then\n"
        "sys.argv = ['messages.py', '--check']\n"
        "runpy.run_path('scripts/messages.py', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
