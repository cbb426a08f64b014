"""A defect of ours names its place and keeps what it was working on to itself."""

from __future__ import annotations

from crm_bridge.cli.crash import crash_report


def test_a_crash_shows_type_and_place_but_no_value() -> None:
    secret = "1000.c4n4ry"
    try:
        dict[str, str]()[secret]
    except KeyError as error:
        shown = crash_report(error)
    assert "KeyError" in shown.message
    assert "test_crash.py:" in shown.message
    assert secret not in f"{shown.message}{shown.hint}{shown!r}"
    assert shown.exit_code == 1
