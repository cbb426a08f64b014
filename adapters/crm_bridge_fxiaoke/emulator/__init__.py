"""A stand-in for 纷享销客 that speaks its wire: for tests, rehearsals and the sandbox."""

from crm_bridge_fxiaoke.emulator.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.switches import Switches

__all__ = ["FxiaokeEmulator", "Switches"]
