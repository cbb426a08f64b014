"""Every row of the error table, from the bytes on the wire to the exit code and the sentence, in both languages.

What each row makes of one record's void is in adapter/test_fxiaoke_errors.py; here, what a person reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import environment
from crm_bridge.cli.main import main
from crm_bridge.clock import ManualClock
from crm_bridge.i18n import _, use_language
from crm_bridge.sandbox.home import write_home
from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge.testing.mount import mounted
from crm_bridge_fxiaoke.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.error_table import ERRORS, named_row
from tests.fxiaoke.adapter.test_fxiaoke_errors import ROWS, TRACE, refusal

NAME = "fxiaoke-sandbox"
GOING_ON = {code: row for code, row in ROWS.items() if not row[4]}
"""Rows that end nothing: the next contract is tried."""
HELD = {
    "-1": "after_unknown",
    "-2": "after_unknown",
    "11014": "signed_out",
    "12002": "signed_out",
    "14001": "rate_limited",
    "20005": "signed_out",
    "20016": "signed_out",
    "30004": "rate_limited",
    "50009": "after_unknown",
    "50009:locked": "locked",
    "50009:permission": "permission",
    "50009:absent": "after_unknown",
    "50009:approval": "in_approval",
    "50009:veto": "vetoed",
}
REFUSED = ("15002", "30007", "32000", "40010")
HALTS = {  # one row of each kind, and how a run that meets it ends
    "10003": ("invalid", 7),
    "11001": ("credentials", 1),
    "20012": ("user", 1),
    "10006:path": ("path", 7),
    "30002": ("quota", 7),
    "15003": ("permission", 1),
}
Refuse = Callable[[WireRequest], str]


def at(ending: str, code: str) -> Refuse:
    """Refuse calls whose path ends so."""
    return lambda request: code if request.path.endswith(ending) else ""


class Desk:
    """The command line on a tenant that refuses what it is told to refuse."""

    def __init__(self, home: Path, emulator: FxiaokeEmulator, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.emulator = home, emulator
        self._capsys = capsys
        self.refuse: Refuse = lambda _request: ""

    def answer(self, request: WireRequest) -> WireResponse:
        code = self.refuse(request)
        return refusal(code, ROWS[code][0]) if code else FxiaokeEmulator.handle(self.emulator, request)

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--home", str(self.home)])
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return int(ended.value.code or 0), said.out, said.err

    def apply(self, ids: Sequence[str]) -> tuple[int, Mapping[str, Any], str]:
        """Plan and apply the trashing of some contracts; the plan itself meets no refusal."""
        refuse, self.refuse = self.refuse, lambda _request: ""
        (self.home / "ids").write_text("\n".join(ids))
        _code, out, _err = self("plan", NAME, "--ids-from", str(self.home / "ids"), "--json")
        planned = json.loads(out)
        self.refuse = refuse
        code, out, err = self("apply", planned["file"], "--confirm", planned["digest"], "--json")
        return code, {line["id"]: line for line in json.loads(out)["outcomes"]}, err


@pytest.fixture
def context(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A state directory with one connection, and a clock that moves when somebody waits."""
    clock, home = ManualClock(), tmp_path / "home"
    monkeypatch.setattr(environment, "clock_from", lambda _environ: clock)
    monkeypatch.setenv("CRM_BRIDGE_LANG", "en")
    emulator = FxiaokeEmulator("http://127.0.0.1:8802", clock=clock, count=40)
    write_home(home, {"fxiaoke": emulator})
    # Whoever waits moves the only clock: a second call in flight would seem to have lasted that long.
    with (home / "config.toml").open("a") as config:
        config.write("calls_in_flight = 1\n")
    found = Desk(home, emulator, capsys)
    monkeypatch.setattr(emulator, "handle", found.answer)
    with mounted(emulator):
        yield found
    use_language("en")


def test_a_refused_read_is_one_sentence_and_one_advice_in_both_languages(context: Desk) -> None:
    for code, (_text, kind, *_rest) in ROWS.items():
        row = named_row(code)
        context.refuse = at("/data/query", code)
        exit_code, out, err = context("find", NAME, "--json")
        told = json.loads(err.splitlines()[-1])
        assert (exit_code, out) == (kind.exit_code, ""), code
        assert (told["error"], told["message"]) == (kind.__name__, row.meaning), code
        assert (told["vendor_code"], told["request_id"]) == (code.partition(":")[0], TRACE), code
        exit_code, out, err = context("find", NAME, "--lang", "zh")
        use_language("zh")
        sentence, said, hint = err.splitlines()[-3:]
        assert (exit_code, sentence) == (kind.exit_code, f"错误：{_(row.meaning)}"), code
        assert TRACE in said
        assert re.match("提示：.*[\u4e00-\u9fff]{4}", hint), code
        assert row.family == "rate_limited" or hint == f"提示：{_(row.advice)}", code
        use_language("en")


def test_every_sentence_and_advice_of_the_table_is_translated() -> None:
    use_language("zh")
    try:
        for row in ERRORS:
            assert re.search("[\u4e00-\u9fff]", _(row.meaning)), row.code
            assert re.search("[\u4e00-\u9fff]", _(row.advice)), row.code
    finally:
        use_language("en")


def test_every_row_that_ends_nothing_is_held_or_refused() -> None:
    assert set(HELD) | set(REFUSED) == set(GOING_ON)


@pytest.mark.parametrize("code", GOING_ON)
def test_a_row_that_ends_nothing_holds_or_refuses_its_own_contract_and_the_next_is_tried(
    context: Desk, code: str
) -> None:
    ids = context.emulator.control("contracts", {})["ids"][:3]

    def refuse(request: WireRequest) -> str:
        ours = request.path.endswith("/invalid") and json.loads(request.body)["data"]["object_data_id"] == ids[0]
        return code if ours else ""

    context.refuse = refuse
    exit_code, found, err = context.apply(ids)
    assert exit_code == 3, err
    expected = ("refused", ROWS[code][3]) if code in REFUSED else ("held", HELD[code])
    assert (found[ids[0]]["outcome"], found[ids[0]]["reason"]) == expected
    assert found[ids[0]]["code"] == code.partition(":")[0]
    assert {found[other]["outcome"] for other in ids[1:]} == {"removed"}


@pytest.mark.parametrize("code", list(HALTS))
def test_rows_that_would_meet_every_contract_end_the_run_with_their_advice(context: Desk, code: str) -> None:
    reason, expected = HALTS[code]
    assert ROWS[code][3:] == (reason, True)
    context.refuse = at("/invalid", code)
    exit_code, found, err = context.apply(context.emulator.control("contracts", {})["ids"][:1])
    told = json.loads(err.splitlines()[-1])
    assert (exit_code, told["reason"]) == (expected, reason)
    assert (told["vendor_code"], told["hint"]) == (code.partition(":")[0], named_row(code).advice)
    assert {line["outcome"] for line in found.values()} == {"waiting"}
    assert not [line for line in context.emulator.ledger() if any(one.kind == "trashed" for one in line.effects)]
