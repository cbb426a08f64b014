"""One stand-in of Zoho CRM for the tests that only need some contracts of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.testing.stand_in import StandIn, stand_in


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Serve thirty contracts for a whole module; each test takes some of its own."""
    folder: Path = tmp_path_factory.mktemp("shared")
    with stand_in("zoho", folder, count=30) as made:
        yield made
