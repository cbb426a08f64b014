"""The accounts server's device flow: a code typed in elsewhere, and a device that asks whether it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LIFE_SECONDS = 300
INTERVAL_SECONDS = 30


@dataclass(slots=True)
class Device:
    """One request of a device; `answer` is empty until a person did something."""

    user_code: str
    scopes: list[str]
    offline: bool
    expires: float
    asked: float = float("-inf")
    answer: str = ""


class Devices:
    """All devices that wait, by their device code."""

    def __init__(self, key: Callable[[int], str]) -> None:
        """`key` makes random hex text."""
        self._key = key
        self.waiting: dict[str, Device] = {}

    def start(self, scopes: list[str], *, offline: bool, now: float) -> tuple[str, Device]:
        """Return a new device code with what belongs to it."""
        text = self._key(8).upper()
        device = Device(f"{text[:4]}-{text[4:8]}", scopes, offline, now + LIFE_SECONDS)
        code = f"1004.{self._key(32)}.{self._key(32)}"
        self.waiting[code] = device
        return code, device

    def enter(self, user_code: str, answer: str) -> bool:
        """Let a person type a code in and answer `accept`, `deny` or `other_dc`; False for an unknown code."""
        found = [device for device in self.waiting.values() if device.user_code == user_code]
        for device in found:
            device.answer = answer
        return bool(found)

    def ask(self, code: str, now: float) -> str | Device:
        """Return the word for a device that asks, or the device when its person accepted; then its code is used up."""
        device = self.waiting.get(code)
        if device is None:
            return "invalid_code"
        early, device.asked = now - device.asked < INTERVAL_SECONDS, now
        if now >= device.expires:
            del self.waiting[code]
            return "expired"
        if early:
            return "slow_down"
        words = {"": "authorization_pending", "deny": "access_denied", "other_dc": "other_dc"}
        if device.answer in words:
            return words[device.answer]
        del self.waiting[code]
        return device
