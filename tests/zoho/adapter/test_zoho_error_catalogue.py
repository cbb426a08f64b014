"""Every error of Zoho from the bytes on the wire to the exit code and to what people read, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import responses

from crm_bridge.bridge import Bridge, RunItem
from crm_bridge.cli.terminal.output import report_error
from crm_bridge.cli.views.run_view import run_table
from crm_bridge.clock import ManualClock
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import _, use_language
from crm_bridge.sandbox.home import write_home
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.mount import Mounted, wire_of
from crm_bridge_zoho.emulator import ZohoEmulator
from crm_bridge_zoho.error_table import BY_CODE
from crm_bridge_zoho.error_table import ROWS as TABLE
from tests.zoho.adapter.catalogue import ROWS, TOKEN, Row, wire

BASE = "http://127.0.0.1:8811"
CHINESE = re.compile(r"[\u4e00-\u9fff]{2}")
EVERY_ROW = pytest.mark.parametrize("code", list(ROWS))
Refusal = Callable[[WireRequest], WireResponse | None]


@dataclass
class House:
    """A state directory connected to an emulator in memory, with answers that can be replaced."""

    home: Path
    clock: ManualClock
    mounted: Mounted
    ids: Iterator[str]
    refuse: Refusal = field(default=lambda request: None)

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        found = self.refuse(wire_of(request))
        if found is None:
            return self.mounted.answer(request)
        return found.status, dict(found.headers), found.body

    def bridge(self) -> Bridge:
        return Bridge.open(self.home, clock=self.clock, environ={})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for the whole module: each test has a contract of its own."""
    clock = ManualClock()
    emulator = ZohoEmulator(BASE, clock=clock, count=120, plain=True)
    home = tmp_path_factory.mktemp("house") / "home"
    write_home(home, {"zoho": emulator})
    made = House(home, clock, Mounted(emulator), iter(emulator.control("contracts", {})["ids"]))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for verb in ("GET", "POST", "DELETE"):
            mock.add_callback(verb, re.compile(re.escape(BASE)), callback=made.answer, content_type=None)
        yield made


@pytest.fixture(autouse=True)
def _calm(house: House) -> Iterator[None]:
    """Every test begins with a new window of tokens and no refusal."""
    house.clock.advance(700)
    yield
    house.refuse = lambda request: None
    use_language("en")


def spoken(error: CrmBridgeError, capsys: pytest.CaptureFixture[str]) -> list[str]:
    report_error(error, as_json=False)
    return capsys.readouterr().err.splitlines()


def refused(house: House, language: str) -> CrmBridgeError:
    """List contracts and return the error that ends it, made in a language."""
    use_language(language)
    house.clock.advance(700)
    with pytest.raises(CrmBridgeError) as caught, house.bridge() as bridge:
        list(bridge.connect("zoho-sandbox").find("everything"))
    return caught.value


def test_the_catalogue_holds_every_code_of_the_table() -> None:
    assert {*ROWS, *TOKEN} == {row.code for row in TABLE}


@EVERY_ROW
def test_a_listing_that_is_refused_says_what_happened_and_what_to_do(
    house: House, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    house.refuse = lambda request: wire(code, ROWS[code]) if request.path.endswith("/coql") else None
    check_both_languages(house, capsys, code, ROWS[code].find)


@pytest.mark.parametrize("code", list(TOKEN))
def test_a_sign_in_that_is_refused_says_what_happened_and_what_to_do(
    house: House, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    said = WireResponse.of_json({"error": code, "error_description": "text of the vendor"}, TOKEN[code])
    house.refuse = lambda request: said if request.path.endswith("/token") else None
    house.mounted.emulator.control("expire_tokens", {})
    check_both_languages(house, capsys, code, 1)


def check_both_languages(house: House, capsys: pytest.CaptureFixture[str], code: str, exit_code: int) -> None:
    table = BY_CODE[code]
    for language, label in (("en", "error: "), ("zh_CN", "错误")):
        error = refused(house, language)
        assert error.exit_code == exit_code
        lines = spoken(error, capsys)
        assert lines[0].startswith(label)
        assert code.partition(":")[0] in lines[0] or error.reason == "rate_limited"
        assert "text of the vendor" not in "".join(lines)
        text = "".join(lines).replace(" ", "")
        assert _(table.meaning).replace(" ", "") in text or error.reason == "rate_limited"
        assert _(table.advice).replace(" ", "") in text or error.reason == "rate_limited"
        if language == "zh_CN":
            assert CHINESE.search(_(table.meaning))
            assert CHINESE.search(_(table.advice))


@dataclass(frozen=True)
class Ended:
    """How the deletion of one contract ended."""

    items: list[RunItem]
    exit_code: int
    halted: CrmBridgeError | None


def deleted(house: House, code: str, row: Row) -> Ended:
    """Plan and apply one contract whose deletion is refused with the code."""
    record = next(house.ids)
    house.refuse = lambda request: wire(code, row, record) if request.method == "DELETE" else None
    with house.bridge() as bridge:
        crm = bridge.connect("zoho-sandbox")
        plan = crm.plan(ids=[record])
        run = crm.apply(plan, confirm=plan.digest)
        ended = Ended(list(run), run.exit_code, run.halted)
    assert house.mounted.emulator.control("record", {"id": record})["place"] == "live"
    return ended


@EVERY_ROW
def test_a_deletion_that_is_refused_leaves_the_contract_and_says_why(
    house: House, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    row = ROWS[code]
    ended = deleted(house, code, row)
    assert [(item.outcome.value, ended.exit_code) for item in ended.items] == [row.delete]
    for language in ("en", "zh_CN"):
        use_language(language)
        run_table(ended.items)
        told = capsys.readouterr().out.replace(" ", "").replace("\n", "")
        assert code.partition(":")[0] in told
        assert "textofthevendor" in told  # quoted, beside our own explanation
        assert _(BY_CODE[code].meaning).replace(" ", "") in told
        assert _(BY_CODE[code].advice).replace(" ", "") in told
