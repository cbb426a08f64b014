"""The exam of every adapter, over its own emulator: `class TestMine(AdapterConformance): spec = ADAPTER`."""

from __future__ import annotations

import pytest

# Before the parts are imported: then a failed case shows the values on both sides, as in one's own test files.
PARTS = ("absence", "facts", "filters", "reading", "removing", "restoring", "trouble")
pytest.register_assert_rewrite("crm_bridge.testing.exam", *(f"crm_bridge.testing.exam_{part}" for part in PARTS))

from crm_bridge.testing.exam import Exam, Order  # noqa: E402
from crm_bridge.testing.parts.absence import AbsenceExam  # noqa: E402
from crm_bridge.testing.parts.facts import FactsExam  # noqa: E402
from crm_bridge.testing.parts.filters import FilterExam  # noqa: E402
from crm_bridge.testing.parts.reading import ReadingExam  # noqa: E402
from crm_bridge.testing.parts.removing import RemovingExam  # noqa: E402
from crm_bridge.testing.parts.restoring import RestoringExam  # noqa: E402
from crm_bridge.testing.parts.trouble import TroubleExam  # noqa: E402

__all__ = ["AdapterConformance", "Exam", "Order"]


class AdapterConformance(FactsExam, ReadingExam, FilterExam, RemovingExam, AbsenceExam, RestoringExam, TroubleExam):
    """Every case of the exam; the adapter's capabilities decide which apply. See `Exam` for what can be set."""
