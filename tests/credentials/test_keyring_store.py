"""Only stores that keep secrets secret are used: looked at inside the chainer, probed, asked with a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend

from crm_bridge.credentials import KeyringStore, keyring_store, open_keyring
from crm_bridge.credentials.keyring_store import ACCEPTED, LONGEST_ITEM
from crm_bridge.errors import CredentialStoreError


class Remembering(KeyringBackend):
    """Keeps what it is given, in memory."""

    priority = 0.1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.items: dict[tuple[str, str], str] = {}
        self.seen: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.seen.append(username)
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.items[service, username]


class Forgetting(Remembering):
    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Garbling(Remembering):
    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[service, username] = password[:10]


class Clinging(Remembering):
    def delete_password(self, service: str, username: str) -> None:
        pass


class Telling(Remembering):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot keep {password}")


class Hanging(Remembering):
    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.free.wait(30)
        return None


class PlaintextKeyring(Remembering):
    """Named like the one of keyrings.alt."""


FAIL = keyring.backends.fail.Keyring()  # type: ignore[no-untyped-call]
NULL = keyring.backends.null.Keyring()  # type: ignore[no-untyped-call]


def kind(backend: type) -> str:
    return f"{backend.__module__}.{backend.__qualname__}"


OURS = {kind(one) for one in (Remembering, Forgetting, Garbling, Clinging, Telling, Hanging)}


def chain(*backends: KeyringBackend) -> ChainerBackend:
    class Chain(ChainerBackend):
        pass

    Chain.__module__, Chain.__qualname__ = "keyring.backends.chainer", "ChainerBackend"
    Chain.backends = list(backends)  # type: ignore[assignment]
    return Chain()  # type: ignore[no-untyped-call]


def test_the_accepted_kinds_are_the_ones_of_the_operating_systems() -> None:
    assert {name.split(".")[2] for name in ACCEPTED} == {"macOS", "SecretService", "libsecret", "kwallet"}


def test_a_kind_that_is_accepted_and_works_is_used() -> None:
    backend = Remembering()
    store = open_keyring(backend, accepted=OURS)
    store.set("prod", "client_secret", "s3cret")
    found = store.get("prod", "client_secret")
    assert found is not None
    assert found.reveal() == "s3cret"
    assert set(backend.items) == {("crm_bridge", "prod/client_secret")}
    store.delete("prod", "client_secret")
    store.delete("prod", "client_secret")
    assert backend.items == {}


@pytest.mark.parametrize(
    "backend",
    [FAIL, NULL, PlaintextKeyring(), Remembering()],
    ids=["fail", "null", "plaintext", "unknown"],
)
def test_every_other_kind_is_refused_without_being_asked(backend: KeyringBackend) -> None:
    with pytest.raises(CredentialStoreError) as refused:
        open_keyring(backend)
    assert refused.value.reason == "keyring_refused"
    assert "--secrets-file" in refused.value.hint
    assert getattr(backend, "seen", []) == []


def test_a_class_that_inherits_from_an_accepted_one_is_not_that_one() -> None:
    class Keyring(Remembering):
        pass

    with pytest.raises(CredentialStoreError):
        open_keyring(Keyring(), accepted=OURS)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_chain_with_one_refused_backend_is_refused_wherever_it_stands(position: int) -> None:
    inside: list[KeyringBackend] = [Remembering(), Remembering()]
    inside.insert(position, PlaintextKeyring())
    with pytest.raises(CredentialStoreError, match="PlaintextKeyring"):
        open_keyring(chain(*inside), accepted=OURS)
    assert all(getattr(one, "seen", []) == [] for one in inside)


def test_a_chain_in_a_chain_is_looked_into() -> None:
    with pytest.raises(CredentialStoreError, match="PlaintextKeyring"):
        open_keyring(chain(Remembering(), chain(PlaintextKeyring())), accepted=OURS)


def test_of_a_chain_of_accepted_ones_the_first_is_used_and_never_the_chain() -> None:
    first, second = Remembering(), Remembering()
    open_keyring(chain(first, second), accepted=OURS).set("prod", "a", "b")
    assert (len(first.items), len(second.items)) == (1, 0)


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(CredentialStoreError):
        open_keyring(chain(), accepted=OURS)


@pytest.mark.parametrize("backend", [Forgetting(), Garbling(), Clinging(), Telling()], ids=lambda b: type(b).__name__)
def test_a_store_that_does_not_write_read_and_delete_is_refused(backend: KeyringBackend) -> None:
    with pytest.raises(CredentialStoreError) as refused:
        open_keyring(backend, accepted=OURS)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)


def test_what_the_store_says_is_never_repeated() -> None:
    store = KeyringStore(Telling())
    with pytest.raises(CredentialStoreError, match=r"the keyring failed \(RuntimeError\)") as refused:
        store.set("prod", "a", "canary-1")
    assert "canary-1" not in f"{refused.value!r} {refused.value.facts()}"


def test_the_probe_leaves_nothing_behind() -> None:
    backend = Remembering()
    open_keyring(backend, accepted=OURS)
    assert backend.items == {}
    assert len(backend.seen) == 1
    assert backend.seen[0].startswith("@probe-")


def test_a_store_that_hangs_is_given_up() -> None:
    backend = Hanging()
    with pytest.raises(CredentialStoreError) as refused:
        open_keyring(backend, accepted=OURS, limit=0.05)
    backend.free.set()
    assert refused.value.reason == "keyring_silent"


def test_the_limit_is_ten_seconds() -> None:
    assert keyring_store.LIMIT_SECONDS == 10.0


@pytest.mark.parametrize("value", ["", "x" * (LONGEST_ITEM + 1)])
def test_what_does_not_fit_is_refused_before_it_is_sent(value: str) -> None:
    backend = Remembering()
    with pytest.raises(CredentialStoreError, match="longer than 1200"):
        KeyringStore(backend).set("prod", "a", value)
    assert backend.seen == []


def test_the_longest_item_fits_the_smallest_store() -> None:
    KeyringStore(Remembering()).set("prod", "a", "x" * LONGEST_ITEM)
    assert LONGEST_ITEM * 2 <= 2560


@pytest.mark.parametrize(
    "named", ["keyring.backends.null.Keyring", "keyrings.alt.file.PlaintextKeyring", "os.system", "keyring.backends.x"]
)
def test_the_environment_cannot_choose_a_store_that_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    asked: list[str] = []

    def detect(name: str) -> KeyringBackend:
        asked.append(name)
        return FAIL

    monkeypatch.setattr(keyring_store, "_detect", detect)
    monkeypatch.setattr(keyring_store, "_configured", lambda accepted: "")
    with pytest.raises(CredentialStoreError):
        open_keyring(environ={"PYTHON_KEYRING_BACKEND": named})
    assert asked == [""]


@pytest.fixture
def keyringrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    from keyring.util import platform_

    monkeypatch.setattr(platform_, "config_root", lambda: str(tmp_path))

    def write(text: str) -> None:
        (tmp_path / "keyringrc.cfg").write_text(text)

    return write


def test_a_configured_class_is_refused_before_it_is_imported(
    keyringrc: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    keyringrc(f"[backend]\ndefault-keyring = planted.Keyring\nkeyring-path = {tmp_path}\n")
    with pytest.raises(CredentialStoreError, match=r"planted\.Keyring is not accepted"):
        open_keyring(environ={})
    assert not (tmp_path / "ran").exists()


def test_there_is_no_fallback_where_no_keyring_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keyring_store, "_detect", lambda _name: FAIL)
    monkeypatch.setattr(keyring_store, "_configured", lambda accepted: "")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(CredentialStoreError, match="not accepted"):
        open_keyring(environ={})
    assert set(tmp_path.rglob("*")) == before
