"""An author with a policy that wants a second person, and colleagues with keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crm_bridge.bridge import Bridge
from crm_bridge.clock import SystemClock
from crm_bridge.journal.format.dsse import pae
from crm_bridge.journal.format.note import encode64
from crm_bridge.pipeline.planning.team import ssh_line
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox

NAME, APPROVAL = "zoho-sandbox", "crm-bridge.approval/1"
RULE = "\n[[policy.approvals]]\nneeded = {needed}\nof = {of}\n"


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


class Person:
    """A colleague with an SSH key."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes_raw().hex()
        self.line = ssh_line(self.public)
        self.path = folder / f"{name}.key"
        self.path.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        self.path.chmod(0o600)

    def signs(self, statement: Mapping[str, Any], *, kind: str = APPROVAL) -> dict[str, Any]:
        """Return the line of an approval with whatever statement."""
        signature = encode64(self.key.sign(pae(kind, canonical(statement))))
        return {"schema": APPROVAL, "statement": dict(statement), "signature": signature}


class Office:
    """The author's state directory, the colleagues, and the stand-in behind it."""

    def __init__(self, home: Path, running: Sandbox, clock: SystemClock) -> None:
        self.home, self.clock, self.running = home, clock, running
        self.config = (home / "config.toml").read_text(encoding="utf-8")
        self.lina, self.wang, self.stranger = (Person(one, home.parent) for one in ("lina", "wang", "stranger"))
        self.demand(1, "lina", "wang")
        with self.bridge() as bridge:
            for one in (self.lina, self.wang):
                bridge.approvals.add_member(one.name, one.line)

    def bridge(self) -> Bridge:
        return Bridge.open(self.home, clock=self.clock, environ={})

    def demand(self, needed: int, *of: str) -> None:
        """Let the policy want so many of these people."""
        text = self.config + RULE.format(needed=needed, of=json.dumps(list(of)))
        (self.home / "config.toml").write_text(text, encoding="utf-8")

    def plan(self, name: str, **given: Any) -> Path:
        """Make a plan of three contracts."""
        path = self.home.parent / name
        with self.bridge() as bridge:
            crm = bridge.connect(NAME)
            three = [one.id for one in crm.find(limit=3)]
            crm.plan(ids=given.pop("ids", three), output=path, force=True, **given)
        return path

    def effects(self) -> list[object]:
        return [one.effects for one in self.running.servers["zoho"].exchange.emulator.ledger() if one.effects]

    def statement(self, digest: str, person: Person, **changed: Any) -> dict[str, Any]:
        """Return what a person signs, or something like it."""
        now = self.clock.now().replace(microsecond=0)
        said = {
            "plan": digest,
            "key": person.public,
            "at": now.isoformat(timespec="seconds"),
            "expires": (now + timedelta(hours=2)).isoformat(timespec="seconds"),
        }
        return {**said, **changed}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home, clock = tmp_path_factory.mktemp("office") / "home", SystemClock()
    with sandbox(SandboxOptions(home=home, count=12, only=("zoho",)), clock=clock) as running:
        yield Office(home, running, clock)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def with_lines(path: Path, *lines: Mapping[str, Any]) -> Path:
    """Write a copy of a plan with more lines behind it."""
    copy = path.with_name(f"copy-{path.name}")
    copy.write_bytes(path.read_bytes() + b"".join(canonical(one) + b"\n" for one in lines))
    return copy
