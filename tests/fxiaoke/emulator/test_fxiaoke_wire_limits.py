"""Rate windows, the token limit, the daily quota."""

from __future__ import annotations

from collections.abc import Callable

from crm_bridge.clock import ManualClock
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.probe import Probe


def test_the_101st_call_in_20_seconds_is_refused_and_does_not_count(old: Probe, clock: ManualClock) -> None:
    assert {old.query(limit=1)["errorCode"] for _ in range(100)} == {0}
    clock.advance(19.9)
    assert [old.query(limit=1)["errorCode"] for _ in range(3)] == [30004] * 3
    clock.advance(0.1)
    assert old.query(limit=1)["errorCode"] == 0


def test_each_path_has_its_own_window(old: Probe) -> None:
    for _ in range(100):
        old.query(limit=1)
    assert old.query(limit=1)["errorCode"] == 30004
    assert old.data("get", objectDataId="x")["errorCode"] != 30004


def test_a_trace_id_in_the_query_makes_no_other_path(old: Probe, switch: Callable[..., None]) -> None:
    switch(calls_per_window=1)
    assert old.call("/cgi/crm/v2/object/list?thirdTraceId=1")["errorCode"] == 0
    assert old.call("/cgi/crm/v2/object/list?thirdTraceId=2")["errorCode"] == 30004


def test_a_sliding_window_counts_back_from_every_call(
    old: Probe, clock: ManualClock, switch: Callable[..., None]
) -> None:
    switch(calls_per_window=2)
    codes = []
    for _ in range(4):
        codes.append(old.query(limit=1)["errorCode"])
        clock.advance(9)
    assert codes == [0, 0, 30004, 0]


def test_a_fixed_window_starts_anew_on_the_clock(old: Probe, clock: ManualClock, switch: Callable[..., None]) -> None:
    switch(calls_per_window=2, window="fixed")
    clock.advance(19)
    codes = [old.query(limit=1)["errorCode"] for _ in range(3)]
    clock.advance(1)
    codes += [old.query(limit=1)["errorCode"] for _ in range(2)]
    assert codes == [0, 0, 30004, 0, 0]


def test_the_eleventh_token_call_in_a_minute_is_refused(emulator: FxiaokeEmulator, clock: ManualClock) -> None:
    path = "/oauth2.0/token"
    for _ in range(10):
        Probe(emulator).post(path, {})
    assert Probe(emulator).post(path, {})["errorCode"] == 14001
    clock.advance(60)
    assert Probe(emulator, "new").sign_in().token


def test_the_daily_quota_ends_with_30002(old: Probe, emulator: FxiaokeEmulator) -> None:
    emulator.control("quota", {"remaining": 2})
    assert [old.query(limit=1)["errorCode"] for _ in range(3)] == [0, 0, 30002]
    assert emulator.control("quota", {}) == {"used": 100_000, "remaining": 0}


def test_no_pack_is_30003(old: Probe, switch: Callable[..., None]) -> None:
    switch(daily_quota=0)
    assert old.query()["errorCode"] == 30003
