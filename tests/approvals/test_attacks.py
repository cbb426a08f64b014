"""Approvals that are forged, self-made, out of time or for something else: nothing is sent, at any door."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crm_bridge.bridge import Bridge
from crm_bridge.cli.main import main
from crm_bridge.errors import CrmBridgeError
from crm_bridge.pipeline.planning.team import ssh_line
from tests.approvals.conftest import NAME, Office, canonical, lines_of, with_lines

Attack = Callable[[Office, Path, str], object]
"""Gets the office, a plan that needs an approval, and its digest; returns a file to apply, or attacks by itself."""
REASONS = ("approval_missing", "own_plan", "plan_altered", "team_altered", "policy_changed", "wrong_confirmation")
ATTACKS: dict[str, Attack] = {}


def attack(name: str) -> Callable[[Attack], Attack]:
    def keep(one: Attack) -> Attack:
        ATTACKS[name] = one
        return one

    return keep


def moved(office: Office, hours: float) -> str:
    return (office.clock.now().replace(microsecond=0) + timedelta(hours=hours)).isoformat(timespec="seconds")


def attach(name: str, make: Callable[[Office, Path, str], dict[str, Any] | list[dict[str, Any]]]) -> None:
    """Register an attack that only puts lines behind the plan."""

    def one(office: Office, plan: Path, digest: str) -> Path:
        made = make(office, plan, digest)
        return with_lines(plan, *(made if isinstance(made, list) else [made]))

    ATTACKS[name] = one


def good(office: Office, digest: str, **changed: Any) -> dict[str, Any]:
    return office.lina.signs(office.statement(digest, office.lina, **changed))


def edited(line: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**line, "statement": {**line["statement"], **changed}}


def flipped(line: dict[str, Any]) -> dict[str, Any]:
    first, *rest = base64.b64decode(line["signature"])
    return {**line, "signature": base64.b64encode(bytes([first ^ 1, *rest])).decode()}


def other_plan(office: Office) -> tuple[Path, str]:
    path = office.plan("other.plan", reason="another one")
    return path, lines_of(path)[-1]["digest"]


attach("no approval", lambda office, plan, digest: [])
attach("an empty signature", lambda o, p, d: {**good(o, d), "signature": ""})
attach("a flipped bit", lambda o, p, d: flipped(good(o, d)))
attach("no signature", lambda o, p, d: {"schema": "crm-bridge.approval/1", "statement": o.statement(d, o.lina)})
attach("a signature that is no text", lambda o, p, d: {**good(o, d), "signature": 7})
attach("no statement", lambda o, p, d: {**good(o, d), "statement": None})
attach("the approval of another plan", lambda o, p, d: good(o, other_plan(o)[1]))
attach("another plan's approval, renamed", lambda o, p, d: edited(good(o, other_plan(o)[1]), plan=d))
attach("a longer life", lambda o, p, d: edited(good(o, d, expires=moved(o, -1)), expires=moved(o, 9)))
attach("an earlier hour", lambda o, p, d: edited(good(o, d, at=moved(o, 3)), at=moved(o, 0)))
attach("expired", lambda o, p, d: good(o, d, expires=moved(o, -0.5)))
attach("from the future", lambda o, p, d: good(o, d, at=moved(o, 1)))
attach("older than the plan", lambda o, p, d: good(o, d, at=moved(o, -30)))
attach("a time without its offset", lambda o, p, d: good(o, d, expires="2100-01-01T00:00:00"))
attach("a field too many", lambda o, p, d: good(o, d, needed=0))
attach("signed as something else", lambda o, p, d: o.lina.signs(o.statement(d, o.lina), kind="application/json"))
attach("a stranger", lambda o, p, d: o.stranger.signs(o.statement(d, o.stranger)))
attach("a stranger under lina's key", lambda o, p, d: o.stranger.signs(o.statement(d, o.lina)))
attach("lina under a stranger's key", lambda o, p, d: o.lina.signs(o.statement(d, o.stranger)))
attach("the digest in capitals", lambda o, p, d: good(o, d.upper()))
attach("a line of another kind", lambda o, p, d: {**good(o, d), "schema": "crm-bridge.approval/2"})


@attack("an approval that is not canonical")
def _(office: Office, plan: Path, digest: str) -> Path:
    copy = with_lines(plan)
    copy.write_bytes(copy.read_bytes() + json.dumps(good(office, digest)).encode() + b"\n")
    return copy


@attack("the author's own key")
def _(office: Office, plan: Path, digest: str) -> Path:
    with office.bridge() as bridge:
        bridge.approvals.make_key()
        bridge.approvals.approve(plan, confirm=digest, output=plan.with_name("own.plan"))
    return plan


@attack("the author's own key under another name")
def _(office: Office, plan: Path, digest: str) -> Path:
    with office.bridge() as bridge:
        bridge.approvals.add_member("lina", ssh_line(bridge.approvals.make_key()))
        seed = bridge.env.keys.get("approval-sign")
    assert seed is not None
    lina = office.lina
    lina.key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))
    lina.public = lina.key.public_key().public_bytes_raw().hex()
    return with_lines(plan, good(office, digest))


@attack("the author's own SSH key")
def _(office: Office, plan: Path, digest: str) -> Path:
    with office.bridge() as bridge:
        author = bridge.open_plan(plan).head.author
        bridge.approvals.add_member("lina", office.lina.line, user=author)
        bridge.approvals.approve(plan, confirm=digest, ssh_key=office.lina.key, output=plan.with_name("ssh.plan"))
    return plan.with_name("ssh.plan")


@attack("somebody whom the rule does not name")
def _(office: Office, plan: Path, digest: str) -> Path:
    with office.bridge() as bridge:
        bridge.approvals.add_member("zhao", office.stranger.line)
    return with_lines(plan, office.stranger.signs(office.statement(digest, office.stranger)))


@attack("somebody who left the team")
def _(office: Office, plan: Path, digest: str) -> Path:
    with office.bridge() as bridge:
        bridge.approvals.remove_member("lina")
    return with_lines(plan, good(office, digest))


@attack("one person twice")
def _(office: Office, plan: Path, digest: str) -> Path:
    office.demand(2, "lina", "wang")
    plan = office.plan("two.plan")
    digest = lines_of(plan)[-1]["digest"]
    return with_lines(plan, good(office, digest), good(office, digest, expires=moved(office, 1)))


@attack("one person and a stranger")
def _(office: Office, plan: Path, digest: str) -> Path:
    office.demand(2, "lina", "wang")
    plan = office.plan("two.plan")
    digest = lines_of(plan)[-1]["digest"]
    return with_lines(plan, good(office, digest), office.stranger.signs(office.statement(digest, office.stranger)))


def team_edit(name: str, edit: Callable[[Office, dict[str, Any]], dict[str, Any] | None]) -> None:
    """Register an attack that edits the team file, so that a stranger's approval would count."""

    def one(office: Office, plan: Path, digest: str) -> Path:
        path = office.home / "team.json"
        made = edit(office, json.loads(path.read_bytes()))
        path.unlink()
        if made is not None:
            path.write_bytes(canonical(made) + b"\n")
            path.chmod(0o600)
        return with_lines(plan, office.stranger.signs(office.statement(digest, office.stranger)))

    ATTACKS[f"team file: {name}"] = one


def swapped(office: Office, team: dict[str, Any]) -> dict[str, Any]:
    team["members"][0]["key"] = office.stranger.public
    return team


team_edit("lina's key is swapped", swapped)
team_edit(
    "a member more", lambda o, t: {**t, "members": [*t["members"], {**t["members"][0], "key": o.stranger.public}]}
)
team_edit("gone", lambda o, t: None)
team_edit("nobody", lambda o, t: {**t, "members": []})


@attack("team file: the one of before somebody left")
def _(office: Office, plan: Path, digest: str) -> Path:
    path = office.home / "team.json"
    before = path.read_bytes()
    with office.bridge() as bridge:
        bridge.approvals.remove_member("lina")
    path.write_bytes(before)
    return with_lines(plan, good(office, digest))


@attack("team file: the one of another installation")
def _(office: Office, plan: Path, digest: str) -> Path:
    other = office.home.parent / "other"
    other.mkdir(mode=0o700)
    for file in ("config.toml", "secrets.toml"):
        (other / file).write_bytes((office.home / file).read_bytes())
        (other / file).chmod(0o600)
    with Bridge.open(other, clock=office.clock, environ={}) as bridge:
        bridge.approvals.add_member("lina", office.stranger.line)
    (office.home / "team.json").write_bytes((other / "team.json").read_bytes())
    return with_lines(plan, office.stranger.signs(office.statement(digest, office.stranger)))


@attack("policy: nobody is wanted any more")
def _(office: Office, plan: Path, digest: str) -> Path:
    (office.home / "config.toml").write_text(office.config, encoding="utf-8")
    return plan


@attack("policy: a stranger is wanted")
def _(office: Office, plan: Path, digest: str) -> Path:
    office.demand(1, "zhao")
    with office.bridge() as bridge:
        bridge.approvals.add_member("zhao", office.stranger.line)
    return with_lines(plan, office.stranger.signs(office.statement(digest, office.stranger)))


def plan_edit(name: str, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    """Register an attack that edits an approved plan."""

    def one(office: Office, plan: Path, digest: str) -> Path:
        lines = lines_of(with_lines(plan, good(office, digest)))
        edit(lines)
        copy = plan.with_name("edited.plan")
        copy.write_bytes(b"".join(canonical(one) + b"\n" for one in lines))
        return copy

    ATTACKS[f"approved, then edited: {name}"] = one


plan_edit("another contract", lambda lines: lines[1].update(id="554023000003799999"))
plan_edit("a contract less", lambda lines: lines.pop(2))
plan_edit("made by a person", lambda lines: lines[0].update(origin="person"))
plan_edit("valid for longer", lambda lines: lines[0].update(expires_at="2100-01-01T00:00:00.000+00:00"))


@attack("the approval behind another plan with the same contracts")
def _(office: Office, plan: Path, digest: str) -> Path:
    return with_lines(other_plan(office)[0], good(office, digest))


@attack("Python: apply a path")
def _(office: Office, plan: Path, digest: str) -> None:
    with office.bridge() as bridge:
        bridge.connect(NAME).apply(plan, confirm=digest)


@attack("Python: apply what was just planned")
def _(office: Office, plan: Path, digest: str) -> None:
    with office.bridge() as bridge:
        crm = bridge.connect(NAME)
        crm.apply(crm.plan("everything", max_share=100), confirm=lambda made: made.digest)


@attack("Python: delete one")
def _(office: Office, plan: Path, digest: str) -> None:
    with office.bridge() as bridge:
        crm = bridge.connect(NAME)
        crm.delete(next(iter(crm.find(limit=1))).id, confirm=lambda made: made.phrase)


@attack("Python: say that a person chose")
def _(office: Office, plan: Path, digest: str) -> None:
    with office.bridge() as bridge:
        crm = bridge.connect(NAME)
        crm.apply(crm.plan(ids=[next(iter(crm.find(limit=1))).id], origin="person"), confirm=lambda made: made.digest)


@pytest.fixture
def untouched(office: Office) -> Office:
    """The office as it was before an attack."""
    office.demand(1, "lina", "wang")
    names = ("lina", "wang", "stranger")
    office.lina, office.wang, office.stranger = (type(office.lina)(one, office.home.parent) for one in names)
    (office.home / "team.json").unlink(missing_ok=True)
    with office.bridge() as bridge:
        bridge.approvals._change({}, what="remove")
        for one in (office.lina, office.wang):
            bridge.approvals.add_member(one.name, one.line)
    return office


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_is_sent(untouched: Office, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = untouched.home.parent / "plan.plan"
    if not plan.exists():
        untouched.plan("plan.plan")
    digest = lines_of(plan)[-1]["digest"]
    before, reason = untouched.effects(), ""
    try:
        file = ATTACKS[name](untouched, plan, digest)
    except CrmBridgeError as refused:
        reason = refused.reason
    else:
        assert file is not None, "the door was open"
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(untouched.home), "apply", str(file), "--confirm", digest, "--json"])
        told = json.loads(capsys.readouterr().err.splitlines()[-1])
        assert ended.value.code in (4, 5)
        reason = told["reason"]
    assert reason in REASONS
    assert untouched.effects() == before


def test_an_approval_is_used_once(untouched: Office, capsys: pytest.CaptureFixture[str]) -> None:
    plan = untouched.plan("once.plan")
    digest = lines_of(plan)[-1]["digest"]
    approved = with_lines(plan, good(untouched, digest))
    with untouched.bridge() as bridge:
        assert bridge.connect(NAME).apply(approved, confirm=digest).exit_code == 0
        after = untouched.effects()
        with pytest.raises(CrmBridgeError) as refused:
            bridge.connect(NAME).apply(approved, confirm=digest)
    assert refused.value.reason == "plan_used"
    assert untouched.effects() == after
