"""A pytest fixture with the stand-in of Zoho CRM, for the tests of somebody's own scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def zoho_sandbox(crm_sandbox: Callable[[str], object]) -> object:
    """Serve Zoho CRM with forty contracts and connect `zoho-sandbox` to it."""
    return crm_sandbox("zoho")
