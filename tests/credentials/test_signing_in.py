"""`login`, `logout`, `auth status` and `doctor` against the sandbox, in this process."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.bridge.setup.signing_in import SigningIn
from crm_bridge.cli.main import main
from crm_bridge.errors import CredentialStoreError, SignInError, UsageError
from crm_bridge.files import write_private
from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox

ZOHO, FXIAOKE = "zoho-sandbox", "fxiaoke-sandbox"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox(SandboxOptions(home=tmp_path_factory.mktemp("sandbox") / "home", count=8)) as found:
        yield found


@pytest.fixture
def home(running: Sandbox, tmp_path: Path) -> Path:
    """Return a home whose connections have no secrets yet; the sandbox's own are in `secrets.toml` beside it."""
    assert running.home is not None
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    config = (running.home / "config.toml").read_text(encoding="utf-8")
    write_private(folder / "config.toml", config.replace('secrets_file = "secrets.toml"\n', "").encode())
    write_private(tmp_path / "secrets.toml", (running.home / "secrets.toml").read_bytes())
    return folder


Shell = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def shell(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    mask = os.umask(0)
    os.umask(mask)

    def run(*arguments: object) -> tuple[int, Any, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home), "--json", *map(str, arguments)])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(out) if out else None, err

    yield run
    os.umask(mask)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def known(running: Sandbox, name: str) -> dict[str, str]:
    _settings, secrets = running.servers[name.partition("-")[0]].exchange.emulator.connection()
    return dict(secrets)


@pytest.mark.parametrize("name", [ZOHO, FXIAOKE])
def test_login_copies_named_secrets_into_the_store_and_signs_in(
    running: Sandbox, home: Path, shell: Shell, name: str
) -> None:
    code, said, _err = shell("login", name, "--secrets-file", home.parent / "secrets.toml")
    assert (code, said["schema"]) == (0, "crm-bridge.login/1")
    assert said["kept"].keys() == known(running, name).keys()
    assert set(said["kept"].values()) == {"file for loopback connections: keyring.json"}
    code, said, _err = shell("connections", "test", name)
    assert (code, said["ok"]) == (0, True)


def test_secrets_are_asked_for_once_each_and_only_where_they_are_needed(running: Sandbox, home: Path) -> None:
    answers, asked = known(running, FXIAOKE), []

    def ask(label: str) -> str:
        asked.append(label)
        return f"  {answers[label.rpartition('(')[2].rstrip(')')]}\n"

    for expected in (3, 0):
        asked.clear()
        with Bridge.open(home, environ={}) as bridge:
            SigningIn(bridge, bridge.resolved(FXIAOKE), ask=ask)._gather(None)
        assert len(asked) == expected


def test_without_a_terminal_nothing_is_read_from_a_pipe(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _said, err = shell("login", ZOHO)
    assert code == 1
    assert json.loads(err)["reason"] == "no_terminal"


def test_secrets_that_the_crm_refuses_are_not_kept(running: Sandbox, home: Path) -> None:
    old = known(running, ZOHO)
    with Bridge.open(home, environ={}) as bridge:
        for item, value in old.items():
            bridge.env.store.set(ZOHO, item, value)
    with Bridge.open(home, environ={}) as bridge, pytest.raises(SignInError):
        SigningIn(bridge, bridge.resolved(ZOHO), replace=True, ask=lambda _label: "1000.wrong-from-typing").sign_in(
            None
        )
    with Bridge.open(home, environ={}) as bridge:
        found = {item: bridge.env.store.get(ZOHO, item) for item in old}
    assert {item: one.reveal() if one else None for item, one in found.items()} == old


def test_a_grant_code_becomes_a_refresh_token_in_the_store(running: Sandbox, home: Path) -> None:
    secrets = known(running, ZOHO)
    server = running.servers["zoho"]
    given = {"refresh_token": secrets["refresh_token"], "access_token": "1000.first", "expires_in": 3600}
    server.inject(FaultRule("answer", Match(body="grant_type=authorization_code"), {"json": given}))

    def ask(label: str) -> str:
        return secrets.get(label.rpartition("(")[2].rstrip(")"), "1000.the-grant-code")

    with Bridge.open(home, environ={}) as bridge:
        steps = SigningIn(bridge, bridge.resolved(ZOHO), ask=ask)
        profile = steps.sign_in("code")
    server.inject()
    assert profile.user_id
    assert set(steps.kept) == {"client_id", "client_secret", "refresh_token"}


def test_a_way_that_the_adapter_does_not_have_is_named(home: Path) -> None:
    with Bridge.open(home, environ={}) as bridge, pytest.raises(UsageError) as refused:
        SigningIn(bridge, bridge.resolved(ZOHO), ask=lambda _label: "x").sign_in("fax")
    assert "code, browser" in refused.value.hint


def test_auth_status_names_stores_and_no_value(running: Sandbox, home: Path, shell: Shell) -> None:
    code, said, _err = shell("auth", "status", ZOHO)
    assert code == 1
    assert {row["item"]: row["store"] for row in said["secrets"]} == dict.fromkeys(known(running, ZOHO))
    shell("login", ZOHO, "--secrets-file", home.parent / "secrets.toml")
    code, said, err = shell("auth", "status", ZOHO)
    assert code == 0
    text = json.dumps(said) + err
    assert [value for value in known(running, ZOHO).values() if value in text] == []


def test_logout_revokes_forgets_and_drops_the_token(running: Sandbox, home: Path, shell: Shell) -> None:
    shell("login", ZOHO, "--secrets-file", home.parent / "secrets.toml")
    assert b'"sealed"' in (home / "tokens" / f"{ZOHO}.json").read_bytes()
    running.servers["zoho"].inject(FaultRule("answer", Match(path="token/revoke"), {"json": {"status": "success"}}))
    code, said, _err = shell("logout", ZOHO)
    running.servers["zoho"].inject()
    assert (code, said["revoked"], sorted(said["forgotten"])) == (0, True, sorted(known(running, ZOHO)))
    assert b'"sealed"' not in (home / "tokens" / f"{ZOHO}.json").read_bytes()
    assert shell("auth", "status", ZOHO)[0] == 1


def test_a_revocation_that_fails_forgets_nothing(running: Sandbox, home: Path, shell: Shell) -> None:
    shell("login", ZOHO, "--secrets-file", home.parent / "secrets.toml")
    running.servers["zoho"].inject(FaultRule("server_error", Match(path="token/revoke", count=None)))
    code, _said, _err = shell("logout", ZOHO)
    running.servers["zoho"].inject()
    assert code == 1
    assert shell("auth", "status", ZOHO)[0] == 0
    code, said, _err = shell("logout", ZOHO, "--local")
    assert (code, said["revoked"], len(said["forgotten"])) == (0, False, 3)


@pytest.mark.parametrize("name", [ZOHO, FXIAOKE])
def test_doctor_finds_nothing_wrong_with_a_sandbox(home: Path, shell: Shell, name: str) -> None:
    shell("login", name, "--secrets-file", home.parent / "secrets.toml")
    code, said, _err = shell("doctor", name)
    assert (code, [row for row in said["checks"] if row["level"] == "problem"]) == (0, [])
    checks = {row["check"] for row in said["checks"]}
    assert checks >= {"home", "disk", "journal", "pin", "vault", "configuration", "secrets", "sign-in", "clock"}
    assert checks >= {"rights", "module", "fields"}


def test_doctor_names_every_problem_and_ends_with_the_worst(home: Path, shell: Shell) -> None:
    (home / "notes.txt").write_text("x")
    (home / "notes.txt").chmod(0o644)
    code, said, _err = shell("doctor", FXIAOKE)
    found = {(row["check"], row["level"]) for row in said["checks"]}
    assert code == 1
    assert {("home", "warning"), ("secrets", "problem"), ("sign-in", "problem")} <= found
    assert all(row["hint"] for row in said["checks"] if row["level"] == "problem")


def test_doctor_on_a_connection_that_is_not_there_ends_with_2(shell: Shell) -> None:
    code, said, _err = shell("doctor", "nowhere")
    assert (code, said["worst"]) == (2, "problem")


def test_doctor_reports_a_home_that_cannot_be_used(home: Path, shell: Shell) -> None:
    home.chmod(0o777)
    code, said, _err = shell("doctor", ZOHO)
    home.chmod(0o700)
    assert (code, said["checks"][0]["check"], said["checks"][0]["level"]) == (2, "home", "problem")
    assert "chmod 700" in said["checks"][0]["hint"]


def test_an_empty_answer_to_a_needed_secret_is_refused(home: Path) -> None:
    with Bridge.open(home, environ={}) as bridge, pytest.raises(CredentialStoreError, match="client_id is needed"):
        SigningIn(bridge, bridge.resolved(ZOHO), ask=lambda _label: "").sign_in(None)


def test_a_keyring_that_failed_is_not_asked_again_for_the_next_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, home = tmp_path / "config" / "python_keyring", tmp_path / "home"
    settings.mkdir(parents=True)
    (settings / "keyringrc.cfg").write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('[connections.prod]\nadapter = "zoho"\ndata_center = "eu"\n')
    failures = []
    with Bridge.open(home, environ={}) as bridge:
        for _turn in range(2):
            with pytest.raises(CredentialStoreError, match="not accepted") as refused:
                _ = bridge.env.store
            failures.append(refused.value)
    assert failures[0] is failures[1]
