"""A pytest fixture with the stand-in of 纷享销客, for the tests of somebody's own scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def fxiaoke_sandbox(crm_sandbox: Callable[[str], object]) -> object:
    """Serve 纷享销客 with forty contracts and connect `fxiaoke-sandbox` to it."""
    return crm_sandbox("fxiaoke")
