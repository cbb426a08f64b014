"""What is shown when the program itself is wrong: the kind and the place, never the values."""

from __future__ import annotations

import traceback
from pathlib import Path

from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _

_SHOWN = 4


def crash_report(error: Exception) -> CrmBridgeError:
    """Return an error that names the type and the innermost places. Its message may hold anything, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return CrmBridgeError(
        _("internal error: {kind} at {places}").format(kind=type(error).__name__, places=places),
        reason="internal",
        hint=_("this is a defect: please report it with this line; `crm-bridge resume` takes up an unfinished run"),
    )
