"""Rate windows per endpoint, the token call's limit, the daily quota."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC

from crm_bridge_fxiaoke.emulator.auth import Gate
from crm_bridge_fxiaoke.emulator.call import Call
from crm_bridge_fxiaoke.emulator.envelope import CHINA, WireError
from crm_bridge_fxiaoke.emulator.state.state import World


@dataclass(slots=True)
class Limits:
    """What was called when. Calls that are refused here count neither as calls nor against the quota."""

    calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    day: str = ""
    used: int = 0

    def count(self, world: World, gate: Gate, call: Call) -> None:
        """Let one call of a signed-in app through, or refuse it."""
        self._count_quota(world)
        switches = world.switches
        scope = {"tenant": world.corp_id, "app": gate.app.app_id, "user": call.actor}[switches.rate_scope]
        if not self._fits(world, (scope, call.path), switches.calls_per_window, switches.window_seconds):
            text = {30004: "秒频次超限", 14001: "接口调用超过限制"}[switches.over_rate_code]
            raise WireError(switches.over_rate_code, text, text)
        self.used += 1

    def count_token(self, world: World, call: Call) -> None:
        """Let one token call through, or refuse it."""
        if not self._fits(world, ("token", call.path), world.switches.token_calls_per_minute, 60.0):
            raise WireError(world.switches.over_token_rate_code, "接口调用超过限制", "接口调用超过限制")

    def _fits(self, world: World, key: tuple[str, str], most: int, seconds: float) -> bool:
        if not most:
            return True
        now = world.elapsed()
        begin = now - seconds if world.switches.window == "sliding" else now // seconds * seconds - 1e-9
        times = self.calls.setdefault(key, deque())
        while times and times[0] <= begin:
            times.popleft()
        if len(times) >= most:
            return False
        times.append(now)
        return True

    def _count_quota(self, world: World) -> None:
        quota = world.switches.daily_quota
        if not quota:
            raise WireError(30003, "没有购买接口调用资源包", "没有购买接口调用资源包")
        self.turn_day(world)
        if self.used >= quota:
            raise WireError(30002, "接口日调用次数超限", "接口日调用次数超限")

    def turn_day(self, world: World) -> None:
        """Start the count anew after midnight."""
        zone = CHINA if world.switches.quota_zone == "UTC+8" else UTC
        if (today := f"{world.now().astimezone(zone):%F}") != self.day:
            self.day, self.used = today, 0
