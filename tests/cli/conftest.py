"""The command line in this process, against a served sandbox."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import crm_bridge
from crm_bridge.cli.main import main
from crm_bridge.i18n import use_language
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import Emulator

SCHEMAS = Path(crm_bridge.__file__).parent / "schemas"


@cache
def validator(schema: str) -> Draft202012Validator:
    """Return the validator of a shipped schema that also refuses a key that the schema does not name."""
    name = schema.removeprefix("crm-bridge.").replace("/", "-")
    text = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text, object_hook=_closed))


def _closed(part: dict[str, Any]) -> dict[str, Any]:
    return {"additionalProperties": False, **part} if isinstance(part.get("properties"), dict) else part


def as_promised(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document that is as its shipped schema says."""
    if str(document.get("schema", "")).startswith("crm-bridge."):
        validator(document["schema"]).validate(document)
    return document


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def document(self) -> dict[str, Any]:
        """Return the JSON document on standard output."""
        value: dict[str, Any] = json.loads(self.out)
        return as_promised(value)

    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON lines on standard output."""
        return [as_promised(json.loads(line)) for line in self.out.splitlines()]

    def error(self) -> dict[str, Any]:
        """Return the JSON error on standard error."""
        value: dict[str, Any] = json.loads(self.err.splitlines()[-1])
        return as_promised(value)


class Shell:
    """Runs commands on one state directory."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Said:
        """Run `crm-bridge ARGUMENTS`. No command may end in a traceback."""
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        assert "Traceback" not in printed.err
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, printed.out, printed.err)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell with an empty state directory, English messages and its own signal handlers."""
    home = tmp_path / "home"
    monkeypatch.setenv("CRM_BRIDGE_HOME", str(home))
    monkeypatch.setenv("CRM_BRIDGE_LANG", "en")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Shell(home, capsys)
    for number, handler in before.items():
        signal.signal(number, handler)
    use_language("en")


@pytest.fixture
def running(shell: Shell) -> Iterator[Sandbox]:
    """Both CRMs with forty contracts each, and a state directory that is connected to them."""
    with sandbox(SandboxOptions(home=shell.home, count=40)) as running:
        yield running


@pytest.fixture(params=["zoho", "fxiaoke"])
def name(request: pytest.FixtureRequest, running: Sandbox) -> str:
    """The name of one connection after the other."""
    return f"{request.param}-sandbox"


@pytest.fixture
def emulator(name: str, running: Sandbox) -> Emulator:
    """The CRM behind the connection."""
    return running.servers[name.removesuffix("-sandbox")].exchange.emulator
