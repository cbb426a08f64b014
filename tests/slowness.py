"""How busy the machine is: limits of time in tests grow with it, so that they say the same on a busy one."""

from __future__ import annotations

import os
from pathlib import Path

MOST = 12.0
_LOAD = Path("/proc/loadavg")


def slowness() -> float:
    """Return how many times slower than an idle machine this one is right now, from 1 to `MOST`."""
    processors = os.cpu_count() or 1
    waiting = [os.getloadavg()[0] / processors]
    if _LOAD.exists():  # what is runnable at this moment: the average of a minute lags behind
        waiting.append(int(_LOAD.read_text().split()[3].partition("/")[0]) / processors)
    return min(MOST, max(1.0, *waiting))
