"""The page about tests of one's own scripts: its code is run as somebody's test files."""

from __future__ import annotations

import pytest

from tests.docs.conftest import blocks

pytest_plugins = ["pytester"]
PLUGINS = ("crm_bridge.testing.pytest_plugin", "crm_bridge_zoho.pytest_plugin", "crm_bridge_fxiaoke.pytest_plugin")


def test_the_tests_of_the_page_pass_as_they_are_written(pytester: pytest.Pytester) -> None:
    first, *others = blocks("docs/how-to/test-your-scripts.md", "python")
    assert len([line for line in first.splitlines() if line]) <= 12
    pytester.makepyfile(test_first=first, test_others="\n".join(others))
    # Named for an environment that was made before the package told of them.
    named = [word for plugin in PLUGINS for word in ("-p", plugin)]
    # In this process, modules would be loaded anew and stay apart from those that other tests hold.
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", *named).assert_outcomes(passed=4)
