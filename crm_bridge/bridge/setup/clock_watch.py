"""Tell once, when the clock of this machine and the clock of a CRM are far apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_bridge.domain.planning.safety import SafetyPolicy
from crm_bridge.i18n import _

if TYPE_CHECKING:
    from crm_bridge.transport import CallRecord

FAR_SECONDS = SafetyPolicy().allowed_skew.total_seconds()


def no_warning(_text: str) -> None:
    """Say nothing."""


class ClockWatch:
    """Listens to the calls of one connection. Nothing depends on the wall clock but the times in receipts."""

    def __init__(self, connection: str, warn: Callable[[str], None]) -> None:
        """`warn` gets one translated sentence."""
        self._connection = connection
        self._warn = warn
        self._told = False

    def __call__(self, record: CallRecord) -> None:
        """Compare the Date of one answer with our clock."""
        if self._told or record.skew is None or abs(record.skew) <= FAR_SECONDS:
            return
        self._told = True
        minutes = round(abs(record.skew) / 60)
        text = (
            _("warning: the clock of this machine is {minutes} min behind that of {connection}")
            if record.skew > 0
            else _("warning: the clock of this machine is {minutes} min ahead of that of {connection}")
        )
        self._warn(text.format(minutes=minutes, connection=self._connection))
