"""Descriptor, environment and program: only where they are named, read once, never quoted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.credentials import CommandSecrets, EnvironmentSecrets, SecretsFd
from crm_bridge.errors import ConfigError, CredentialStoreError
from crm_bridge.files import ensure_private_folder, write_private

pytestmark = pytest.mark.timing

TABLE = b'[connections.prod]\nclient_secret = "s3cret"\n'


def test_a_descriptor_is_read_to_its_end_and_closed(pipe: Callable[..., int]) -> None:
    fd = pipe(TABLE)
    found = SecretsFd(fd).get("prod", "client_secret")
    assert found is not None
    assert found.reveal() == "s3cret"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_descriptor_that_never_ends_is_given_up(pipe: Callable[..., int]) -> None:
    with pytest.raises(CredentialStoreError, match="nothing came through"):
        SecretsFd(pipe(TABLE, closed=False), timeout=0.05)


def test_a_descriptor_that_is_not_open_is_refused() -> None:
    with pytest.raises(CredentialStoreError, match="cannot be read") as refused:
        SecretsFd(987)
    assert "3<file" in refused.value.hint


def test_a_descriptor_that_gives_too_much_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"#" * 70_000)
    fd = os.open(tmp_path / "big", os.O_RDONLY)
    with pytest.raises(CredentialStoreError, match="too much"):
        SecretsFd(fd)


def test_a_variable_is_read_only_for_the_connection_that_names_it() -> None:
    source = EnvironmentSecrets("prod", {"client_secret": "CRM_SECRET"}, environ={"CRM_SECRET": "s3cret"})
    found = source.get("prod", "client_secret")
    assert found is not None
    assert found.reveal() == "s3cret"
    assert source.get("test", "client_secret") is None
    assert source.get("prod", "client_id") is None


@pytest.mark.parametrize("environ", [{}, {"CRM_SECRET": ""}])
def test_a_variable_that_is_named_and_not_set_is_an_error(environ: dict[str, str]) -> None:
    source = EnvironmentSecrets("prod", {"client_secret": "CRM_SECRET"}, environ=environ)
    with pytest.raises(CredentialStoreError, match="CRM_SECRET of prod is not set"):
        source.get("prod", "client_secret")


def command(code: str, **more: float) -> CommandSecrets:
    return CommandSecrets("prod", [sys.executable, "-c", code], **more)


@pytest.mark.parametrize("printed", ['{"client_secret": "s3cret"}', 'client_secret = "s3cret"'])
def test_a_program_prints_json_or_toml(printed: str) -> None:
    source = command(f"print({printed!r})")
    found = source.get("prod", "client_secret")
    assert found is not None
    assert found.reveal() == "s3cret"
    assert source.get("test", "client_secret") is None


def test_a_program_runs_once(tmp_path: Path) -> None:
    count = tmp_path / "runs"
    source = command(f"open({str(count)!r}, 'a').write('x'); print('a = \"b\"')")
    for item in ("a", "a", "c"):
        source.get("prod", item)
    assert count.read_text() == "x"


def test_a_program_gets_no_shell(tmp_path: Path) -> None:
    source = CommandSecrets("prod", [f"touch {tmp_path / 'made'}; true"])
    with pytest.raises(CredentialStoreError):
        source.get("prod", "client_secret")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "code",
    [
        'import sys; print(\'{"a": "canary-1"}\'); sys.exit(3)',
        "import sys; print('canary-1', file=sys.stderr); sys.exit(1)",
        "pass",
        "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')",
        "print('x' * 70000)",
    ],
)
def test_a_program_that_fails_is_not_quoted(code: str) -> None:
    with pytest.raises(CredentialStoreError, match="credential command of prod failed") as refused:
        command(code).get("prod", "a")
    assert "canary-1" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.__context__ is None


@pytest.mark.parametrize("printed", ['{"a": 1}', "canary-1", "[]", '{"a": "canary-1"', '{"a": ""}'])
def test_what_a_program_prints_must_be_a_table_of_texts(printed: str) -> None:
    with pytest.raises(ConfigError) as refused:
        command(f"print({printed!r})").get("prod", "a")
    assert "canary-1" not in f"{refused.value} {refused.value.hint}"


def test_a_program_that_hangs_is_stopped() -> None:
    with pytest.raises(CredentialStoreError):
        command("import time; time.sleep(60)", timeout=0.3).get("prod", "a")


def test_a_program_that_does_not_exist_is_an_error_of_ours() -> None:
    with pytest.raises(CredentialStoreError):
        CommandSecrets("prod", ["/nonexistent/program"]).get("prod", "a")


@pytest.fixture
def home(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        folder = ensure_private_folder(tmp_path / "home")
        write_private(folder / "config.toml", text.encode())
        return folder

    return make


def test_a_variable_that_no_connection_names_is_never_looked_at(home: Callable[[str], Path]) -> None:
    place = home('[connections.prod]\nadapter = "zoho"\ndata_center = "eu"\n')
    for name in ("CRM_BRIDGE_CLIENT_SECRET", "CLIENT_SECRET", "CRM_BRIDGE_PROD_CLIENT_SECRET", "client_secret"):
        with Bridge.open(place, environ={name: "planted"}) as bridge:
            reader = bridge.env.secrets_of(bridge.resolved("prod"))
            assert reader._sources == []


def test_a_variable_of_one_connection_does_not_serve_another(home: Callable[[str], Path]) -> None:
    named = 'adapter = "zoho"\ndata_center = "eu"\nsecrets_env = {{client_secret = "{name}"}}\n'
    text = f"[connections.a]\n{named.format(name='A')}\n[connections.b]\n{named.format(name='B')}"
    with Bridge.open(home(text), environ={"A": "of a", "B": "of b"}) as bridge:
        found = {name: bridge.env.secrets_of(bridge.resolved(name)).get("client_secret") for name in "ab"}
    assert found == {"a": "of a", "b": "of b"}


def test_where_a_source_is_named_the_keyring_is_not_asked(home: Callable[[str], Path]) -> None:
    text = '[connections.prod]\nadapter = "zoho"\ndata_center = "eu"\nsecrets_env = {client_secret = "A"}\n'
    with Bridge.open(home(text), environ={"A": "of a"}) as bridge:
        reader = bridge.env.secrets_of(bridge.resolved("prod"))
        assert (reader.get("client_secret"), reader.get("refresh_token")) == ("of a", None)
        assert "store" not in bridge.env.__dict__
        with pytest.raises(CredentialStoreError, match="refresh_token of connection prod was not found"):
            reader.need("refresh_token")


def test_a_program_that_failed_is_not_run_again_for_the_next_secret(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    source = CommandSecrets("prod", ["sh", "-c", f"echo x >>{runs}; exit 1"])
    for item in ("client_id", "client_secret"):
        with pytest.raises(CredentialStoreError, match="failed"):
            source.get("prod", item)
    assert runs.read_text() == "x\n"
