"""A pytest fixture with the stand-in of 纷享销客, for the tests of somebody's own scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from crm_bridge.testing.stand_in import StandIn


@pytest.fixture
def fxiaoke_sandbox(crm_sandbox: Callable[[str], StandIn]) -> StandIn:
    """Serve 纷享销客 with forty contracts and connect `fxiaoke-sandbox` to it."""
    return crm_sandbox("fxiaoke")
