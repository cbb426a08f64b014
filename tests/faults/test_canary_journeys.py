"""Secrets and personal values never come out, whatever the CRM throws back, at the loudest level of logging."""

from __future__ import annotations

import json
import logging
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from crm_bridge.cli.main import main
from crm_bridge.sandbox.faults import FaultRule, Match
from tests.faults.overhear import PERSON_FIELDS, REMARK, TITLE, Overheard, hits, traces_on_disk
from tests.faults.rig import Rig

ADAPTERS = ("fxiaoke", "zoho")
MEANT_TO_HOLD_SECRETS = ("secrets.toml", "keyring.json", "config.toml")

STAGES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    # stage -> adapter -> (path of the calls that fail, command that meets them)
    "token": {"fxiaoke": ("corpAccessToken", "connections test"), "zoho": ("/oauth/v2/token", "connections test")},
    "metadata": {"fxiaoke": ("object/describe", "doctor"), "zoho": ("settings/fields", "doctor")},
    "find": {"fxiaoke": ("data/query", "find"), "zoho": ("/coql", "find")},
    "show": {"fxiaoke": ("data/query", "show"), "zoho": ("Notes", "show")},
    "plan": {"fxiaoke": ("data/query", "plan"), "zoho": ("/coql", "plan")},
    "file": {"fxiaoke": ("media/download", "apply"), "zoho": ("Attachments/", "apply")},
    "remove": {"fxiaoke": ("data/invalid", "apply"), "zoho": ("Contracts?ids", "apply")},
    "way back": {"fxiaoke": ("data/recover", "restore"), "zoho": ("recycle_bin/actions/restore", "restore")},
}


def echoes(echo: str) -> Mapping[str, Callable[[Match], FaultRule]]:
    """Return faults that throw everything the CRM knows back at us."""
    told = {"code": echo, "message": echo, "status": "error", "errorCode": 987654, "errorMessage": echo, "data": [echo]}

    def answer(**arguments: Any) -> Callable[[Match], FaultRule]:
        return lambda match: FaultRule("answer", match, arguments)

    ascii_echo = echo.encode("ascii", "replace").decode().replace("?", "-")
    return {
        "refusal": answer(json=told),
        "server error": answer(json=told, status=500),
        "forbidden page": answer(text=f"<html>{echo}", content_type="text/html", status=403),
        "page": answer(text=f"<html>{echo}", content_type="text/html"),
        "broken json": answer(text=f'{{"data": "{json.dumps(echo)[1:-1]}'),
        "redirect": lambda match: FaultRule("redirect", match, {"location": f"https://evil.example/{quote(echo)}"}),
        "request id": answer(json=told, status=400, headers={"X-Request-Id": ascii_echo, "traceId": ascii_echo}),
        "cut": lambda match: FaultRule("cut", match),
    }


ECHOES = tuple(echoes(""))


@pytest.fixture(scope="module")
def rigs() -> Iterator[Mapping[str, Rig]]:
    made = {name: Rig(name) for name in ADAPTERS}
    yield made
    for rig in made.values():
        rig.close()


NUMBERS = re.compile(r"[A-Z]{2}-\d{4}-\d{4}$|\d+\.\d\d$|[\w.]+@|N_\d{6}_")


def telling(value: object) -> Iterator[str]:
    """Yield the texts of a record that say something about somebody: words, not ids, codes or dates."""
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from telling(inner)
    elif isinstance(value, str) and len(value) >= 8 and (" " in value or not value.isascii() or NUMBERS.match(value)):
        yield value


class Stage:
    """One CRM that is listened to, one home, and the command line in this process."""

    def __init__(self, rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
        rig.fresh()
        self.rig = rig
        self.heard = Overheard(rig.emulator)
        rig.server.mount(self.heard)
        self.capfd = capfd
        self.id = rig.contracts()[0]
        rig.control("edit", id=self.id, field=PERSON_FIELDS[rig.adapter]["title"], value=TITLE)
        rig.control("edit", id=self.id, field=PERSON_FIELDS[rig.adapter]["remark"], value=REMARK)
        self.codes: list[int] = []
        self.shown = ""

    def run(self, *arguments: str) -> str:
        """Run the command line as loudly as it can; returns standard output."""
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(self.rig.home), "--verbose", "--debug-http", *arguments])
        out, err = self.capfd.readouterr()
        self.codes.append(int(ended.value.code or 0))
        self.shown += err
        return out

    def secrets(self) -> dict[str, str]:
        """Return what must not be seen anywhere: the connection's secrets and the tokens made from them."""
        _settings, secrets = self.rig.emulator.connection()
        tokens = {f"token {number}": token for number, token in enumerate(sorted(self.heard.tokens), start=1)}
        public = ("client_id", "app_id", "operator_id")
        return {**{name: value for name, value in secrets.items() if name not in public}, **tokens}

    def persons(self) -> dict[str, str]:
        """Return what must not be seen outside a result that was asked for: texts in and around the contract."""
        texts = {f"note or file name {number}": text for number, text in enumerate(sorted(self.heard.texts), start=1)}
        files = {f"file content {number}": text for number, text in enumerate(sorted(self.heard.files), start=1)}
        values = dict(enumerate(sorted(set(telling(self.rig.control("record", id=self.id)["record"]))), start=1))
        fields = {f"field {number}": text for number, text in values.items()}
        return {"title": TITLE, **texts, **files, **fields}


def walk_to(stage: Stage, command: str, rule: FaultRule) -> str:
    """Do what comes before without a fault, then the command with it; returns its standard output."""
    name, one = stage.rig.name, stage.id
    stage.run("plan", name, "--ids-from", str(ids_file(stage)), "--output", str(stage.rig.home / "a.plan"), "--json")
    digest = json.loads(json.dumps(plan_digest(stage)))
    if command == "restore":
        stage.run("apply", str(stage.rig.home / "a.plan"), "--confirm", digest)
    if command == "connections test":
        for path in (stage.rig.home / "tokens").iterdir():
            path.unlink()
    stage.rig.server.inject(rule)
    arguments = {
        "connections test": ("connections", "test", name),
        "doctor": ("doctor", name),
        "find": ("find", name),
        "show": ("show", name, one),
        "plan": ("plan", name, "--ids-from", str(ids_file(stage)), "--output", str(stage.rig.home / "b.plan")),
        "apply": ("apply", str(stage.rig.home / "a.plan"), "--confirm", digest),
        "restore": ("restore", "--last"),
    }[command]
    return stage.run(*arguments)


def ids_file(stage: Stage) -> Path:
    path = stage.rig.home / "ids.txt"
    path.write_text(stage.id + "\n")
    return path


def plan_digest(stage: Stage) -> str:
    with stage.rig.bridge() as bridge:
        return bridge.open_plan(stage.rig.home / "a.plan").digest


def where(shown: bytes, needles: Mapping[str, str]) -> list[str]:
    """Return the lines that give something away."""
    return [line.decode("utf-8", "replace")[:300] for line in shown.splitlines() if hits(needles, line)][:5]


# Every stage meets every echo, on one adapter or the other.
PATHS = [
    (ADAPTERS[(stage + echo) % 2], name, kind) for stage, name in enumerate(STAGES) for echo, kind in enumerate(ECHOES)
]


def test_there_are_at_least_40_failing_paths_on_both_adapters() -> None:
    assert len(set(PATHS)) >= 40
    assert {adapter for adapter, _stage, _echo in PATHS} == set(ADAPTERS)


@pytest.mark.parametrize(("adapter", "stage_name", "echo"), PATHS)
def test_nothing_that_a_crm_throws_back_comes_out(
    rigs: Mapping[str, Rig],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    adapter: str,
    stage_name: str,
    echo: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    path, command = STAGES[stage_name][adapter]
    stage = Stage(rigs[adapter], capfd)
    with caplog.at_level(logging.DEBUG):
        for name in ("urllib3", "requests", "keyring", "crm_bridge"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        HTTPConnection.debuglevel = 1
        try:
            stage.run("show", stage.rig.name, stage.id)
            everything = " | ".join([*stage.secrets().values(), *stage.persons().values()])
            rule = echoes(everything)[echo](Match(path=path, count=None))
            out = walk_to(stage, command, rule)
        finally:
            HTTPConnection.debuglevel = 0
            for number, handler in handlers.items():
                signal.signal(number, handler)
    assert stage.rig.faults.struck > 0
    stage.rig.calm()
    secrets, persons = stage.secrets(), stage.persons()
    loud = (stage.shown + caplog.text).encode()
    assert len(secrets) + len(persons) >= 12
    assert hits({**secrets, **persons}, loud) == [], where(loud, {**secrets, **persons})
    assert hits(secrets, out.encode()) == []
    assert traces_on_disk(stage.rig.home, {**secrets, **persons}, known=MEANT_TO_HOLD_SECRETS) == []
    assert stage.codes[:1] == [0]
    assert stage.codes[-1] != 0 or command in ("doctor", "show", "apply", "connections test", "find", "plan")
