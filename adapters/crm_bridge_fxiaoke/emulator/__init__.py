"""A stand-in for 纷享销客 that speaks its wire: for tests, rehearsals and the sandbox."""

from .emulator import FxiaokeEmulator
from .switches import Switches

__all__ = ["FxiaokeEmulator", "Switches"]
