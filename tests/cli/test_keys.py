"""`keys init` and `keys show` on machines without a keyring, and state directories that were mistyped."""

from __future__ import annotations

import base64
import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.cli.main import main
from crm_bridge.errors import CredentialStoreError

NAMES = ["journal-sign", "journal-hmac", "backup-identity"]


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container: no D-Bus, no desktop, a keyring that fails."""

    def refuse(*_given: object, **_named: object) -> None:
        raise CredentialStoreError("the keyring is not accepted", reason="keyring_refused")

    monkeypatch.setattr("crm_bridge.bridge.environment.open_keyring", refuse)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('[connections.zoho-eu]\nadapter = "zoho"\ndata_center = "eu"\n')
    return home


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return int(ended.value.code or 0), printed.out, printed.err


def keys_of(document: str) -> list[dict[str, Any]]:
    found = json.loads(document)
    assert found["schema"] == "crm-bridge.keys/1"
    return list(found["keys"])


@pytest.mark.parametrize("before", [None, "", '[connections.zoho-eu]\nclient_id = "x" # mine\n', "[keys] # ours\n"])
def test_a_secrets_file_gets_the_three_keys_and_keeps_what_was_in_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str | None
) -> None:
    file = tmp_path / "secrets.toml"
    if before is not None:
        file.write_text(before)
        file.chmod(0o600)
    code, out, err = run(capsys, "--home", home, "--secrets-file", file, "keys", "init", "--json")
    assert code == 0
    assert [(key["name"], key["made"]) for key in keys_of(out)] == [(name, True) for name in NAMES]
    text = file.read_text()
    written = tomllib.loads(text)
    assert sorted(written["keys"]) == sorted(NAMES)
    assert len(base64.b64decode(written["keys"]["journal-sign"])) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(line in text for line in (before or "").splitlines())
    assert not any(secret in out + err for secret in written["keys"].values())


def test_a_second_init_changes_nothing_and_show_names_the_same_keys(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secrets.toml"
    _code, first, _err = run(capsys, "--home", home, "--secrets-file", file, "keys", "init", "--json")
    before = file.read_bytes()
    code, again, _err = run(capsys, "--home", home, "--secrets-file", file, "keys", "init", "--json")
    shown, out, _err = run(capsys, "--home", home, "--secrets-file", file, "keys", "show", "--json")
    assert (code, shown, file.read_bytes()) == (0, 0, before)
    assert [key["made"] for key in keys_of(again)] == [False] * 3
    publics = [[key["public"] for key in keys_of(text)] for text in (first, again, out)]
    assert publics[0] == publics[1] == publics[2]
    assert publics[0][2].startswith("age1")


def test_a_folder_gets_one_private_file_a_key(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "secrets"
    assert run(capsys, "keys", "init", "--home", home, "--secrets-dir", folder)[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"keys.{name}" for name in NAMES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert run(capsys, "keys", "show", "--home", home, "--secrets-dir", folder)[0] == 0


def test_keys_of_a_journal_that_is_there_are_not_replaced_by_new_ones(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "journal").mkdir()
    (home / "journal" / "journal.sqlite3").write_bytes(b"x")
    code, _out, err = run(capsys, "--home", home, "--secrets-dir", tmp_path / "empty", "keys", "init")
    assert code == 1
    assert "put the keys of this journal back" in err
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("option", ["--secrets-file", "--secrets-dir"])
def test_what_is_missing_is_named_with_the_command_that_makes_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    place = tmp_path / "place"
    if option == "--secrets-dir":
        place.mkdir(mode=0o700)
    else:
        place.write_text('[connections.zoho-eu]\nclient_id = "x"\n')
        place.chmod(0o600)
    for words in (["journal", "list"], ["keys", "show"], ["status"]):
        code, _out, err = run(capsys, "--home", home, option, place, *words)
        assert code == 1
        assert "keys of journal and backups are not in" in err
        assert "crm-bridge keys init" in err


def test_keys_cannot_be_written_to_a_descriptor(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, err = run(capsys, "--home", home, "--secrets-fd", 99, "keys", "init")
    assert code == 2
    assert "--secrets-dir" in err


READING = [
    ["connections", "list"],
    ["auth", "status"],
    ["status"],
    ["status", "--runs"],
    ["journal", "list"],
    ["journal", "check"],
    ["vault", "list"],
    ["receipt", "show"],
    ["find", "zoho-eu"],
    ["plan", "zoho-eu", "--where", "everything"],
    ["login", "zoho-eu"],
    ["resume"],
    ["keys", "show"],
]


@pytest.mark.parametrize("kind", ["missing", "somebody's project"])
@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_mistyped_state_directory_is_named_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], kind: str
) -> None:
    place = tmp_path / "typo"
    if kind != "missing":
        place.mkdir()
        place.chmod(0o755)
        (place / "README").write_text("mine")
    code, _out, err = run(capsys, "--home", place, *words)
    assert code == 2
    assert str(place) in err
    assert "--home" in err
    if kind == "missing":
        assert not place.exists()
    else:
        assert [path.name for path in place.iterdir()] == ["README"]
        assert stat.S_IMODE(place.stat().st_mode) == 0o755


def test_adding_a_connection_makes_the_state_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "new"
    words = ("connections", "add", "zoho-eu", "--adapter", "zoho", "--set", "data_center=eu")
    assert run(capsys, "--home", place, *words)[0] == 0
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert run(capsys, "--home", place, "connections", "list")[0] == 0
