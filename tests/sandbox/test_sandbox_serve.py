"""`sandbox serve`: every emulator on its port, the files that clients read, a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from crm_bridge.config import load_config
from crm_bridge.errors import UsageError
from crm_bridge.sandbox import serve as serving
from crm_bridge.sandbox.home import write_home
from crm_bridge.sandbox.serve import Sandbox, SandboxOptions, sandbox
from crm_bridge.spi.emulator import Emulator
from crm_bridge.spi.spec import AdapterSpec


@pytest.fixture
def specs(echo_spec: Callable[[str], AdapterSpec]) -> list[AdapterSpec]:
    """Two adapters, of which the sandbox needs name and emulator."""
    return [echo_spec("echo"), echo_spec("other")]


def free_pair() -> int:
    """Return a port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def test_every_adapter_gets_a_port(specs: list[AdapterSpec]) -> None:
    with sandbox(SandboxOptions(), specs=specs) as running:
        answers = {
            name: requests.get(f"{told['base_url']}/items").status_code for name, told in running.ready().items()
        }
    assert answers == {"echo": 200, "other": 200}


def test_a_given_port_is_the_first_and_the_next_follows(specs: list[AdapterSpec]) -> None:
    port = free_pair()
    with sandbox(SandboxOptions(port=port), specs=specs) as running:
        assert [server.port for server in running.servers.values()] == [port, port + 1]


def test_only_one_adapter_is_served_if_asked(specs: list[AdapterSpec]) -> None:
    with sandbox(SandboxOptions(only=("other",)), specs=specs) as running:
        assert list(running.ready()) == ["other"]


def test_an_unknown_adapter_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="there is no adapter nosuch"), sandbox(SandboxOptions(only=("nosuch",))):
        pass


def test_the_ready_file_is_whole_as_soon_as_it_exists_and_gone_at_the_end(
    specs: list[AdapterSpec], tmp_path: Path
) -> None:
    path = tmp_path / "ready.json"
    with sandbox(SandboxOptions(ready_file=path), specs=specs) as running:
        assert json.loads(path.read_text("utf-8")) == running.ready()
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_a_ready_file_that_cannot_be_written_is_said_in_a_sentence(specs: list[AdapterSpec], tmp_path: Path) -> None:
    options = SandboxOptions(ready_file=tmp_path / "nowhere" / "ready.json")
    with pytest.raises(UsageError, match="cannot be written: No such file"), sandbox(options, specs=specs):
        pass


def test_the_home_can_be_used_as_it_is(specs: list[AdapterSpec], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home), specs=specs) as running:
        config = load_config(home)
        assert {name: (found.adapter, found.settings) for name, found in config.connections.items()} == {
            f"{name}-sandbox": ("echo", {"base_url": told["base_url"]}) for name, told in running.ready().items()
        }
        assert config.secrets_file == home / "secrets.toml"


def test_the_secrets_of_the_home_survive_quotes_and_chinese(specs: list[AdapterSpec], tmp_path: Path) -> None:
    import tomllib

    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home, only=("echo",)), specs=specs):
        found = tomllib.loads((home / "secrets.toml").read_text("utf-8"))
    assert found == {"connections": {"echo-sandbox": {"key": 'k-1"\\\n钥匙'}}}


def test_the_home_is_private(specs: list[AdapterSpec], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with sandbox(SandboxOptions(home=home), specs=specs):
        modes = [path.stat().st_mode & 0o777 for path in (home, home / "config.toml", home / "secrets.toml")]
    assert modes == [0o700, 0o600, 0o600]


def test_a_sandbox_home_is_written_anew(specs: list[AdapterSpec], tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("echo", "other"):
        with sandbox(SandboxOptions(home=home, only=(name,)), specs=specs):
            assert list(load_config(home).connections) == [f"{name}-sandbox"]


@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_a_home_of_somebodys_own_is_left_alone(specs: list[AdapterSpec], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# mine\n")
    with (
        pytest.raises(UsageError, match="was not made by the sandbox"),
        sandbox(SandboxOptions(home=tmp_path), specs=specs),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_somebodys_folder_is_neither_written_to_nor_closed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    (mine / "notes.txt").write_text("mine")
    mine.chmod(0o755)
    with pytest.raises(UsageError, match="left alone"), sandbox(SandboxOptions(home=mine, count=1)):
        pass
    assert [one.name for one in mine.iterdir()] == ["notes.txt"]
    with sandbox(SandboxOptions(count=1, only=("fxiaoke",), impersonate=mine)):
        assert mine.stat().st_mode & 0o777 == 0o755


def test_contracts_can_be_loaded_from_a_csv(specs: list[AdapterSpec], tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("编号,名称\nA-1,甲\nA-2,乙\n", "utf-8")
    with sandbox(SandboxOptions(load=path), specs=specs) as running:
        assert running.loaded == {"echo": (), "other": ()}
        assert requests.get(running.ready()["echo"]["base_url"] + "/items").json()["items"][1]["id"] == "A-2"


def test_a_csv_that_cannot_be_read_stops_before_anything_listens(specs: list[AdapterSpec], tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("a,b\n")
    with pytest.raises(UsageError, match="holds no rows"), sandbox(SandboxOptions(load=path), specs=specs):
        pass


def test_seed_and_count_reach_the_emulator(specs: list[AdapterSpec]) -> None:
    seen: list[tuple[int, int]] = []

    def make(url: str, clock: Any, seed: int, count: int) -> Emulator:
        seen.append((seed, count))
        return specs[0].emulator(url, clock, seed, count)

    with sandbox(SandboxOptions(seed=5, count=9), specs=[replace(specs[0], emulator=make)]):
        pass
    assert seen == [(5, 9)]


def test_nothing_listens_after_the_end(specs: list[AdapterSpec]) -> None:
    with sandbox(SandboxOptions(), specs=specs) as running:
        ports = [server.port for server in running.servers.values()]
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(
    specs: list[AdapterSpec], monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(serving, "working_adapters", lambda: (specs[:1], []))
    before, seen = signal.getsignal(number), []

    def ready(running: Sandbox) -> None:
        seen.append(running)
        os.kill(os.getpid(), number)

    serving.serve(SandboxOptions(), on_ready=ready)
    assert (len(seen), signal.getsignal(number)) == (1, before)


def test_it_can_be_served_and_stopped_outside_the_main_thread(
    specs: list[AdapterSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "working_adapters", lambda: (specs[:1], []))
    listening, found = threading.Event(), []

    def ready(running: Sandbox) -> None:
        found.append(running)
        listening.set()

    thread = threading.Thread(target=serving.serve, args=(SandboxOptions(),), kwargs={"on_ready": ready})
    thread.start()
    listening.wait(10)
    found[0].stop()
    thread.join(10)
    assert not thread.is_alive()


def test_waiting_can_end_by_itself(specs: list[AdapterSpec]) -> None:
    with sandbox(SandboxOptions(), specs=specs) as running:
        assert running.wait(0.01) is False


def test_a_home_can_be_written_for_any_emulators(tmp_path: Path, specs: list[AdapterSpec]) -> None:
    emulator = specs[0].emulator("http://127.0.0.1:9", None, 1, 1)  # type: ignore[arg-type]
    write_home(tmp_path / "home", {"名": emulator})
    assert list(load_config(tmp_path / "home").connections) == ["名-sandbox"]


def test_the_vendors_own_hosts_are_answered_for_through_a_proxy(specs: list[AdapterSpec], tmp_path: Path) -> None:
    known = [replace(specs[0], hosts=("crm.example", "eu.crm.example")), specs[1]]
    with sandbox(SandboxOptions(impersonate=tmp_path / "proxy"), specs=known) as running:
        told = running.ready()
        assert set(told["echo"]) - set(told["other"]) == {"proxy", "authority"}
        session = requests.Session()
        session.trust_env = False
        session.proxies, session.verify = {"https": told["echo"]["proxy"]}, told["echo"]["authority"]
        assert [session.get(f"https://{host}/items").status_code for host in known[0].hosts] == [200, 200]
        with pytest.raises(requests.exceptions.ProxyError):
            session.get("https://other.example/items")


def test_without_hosts_there_is_nobody_to_answer_for(specs: list[AdapterSpec], tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError) as caught,
        sandbox(SandboxOptions(impersonate=tmp_path / "proxy"), specs=specs),
    ):
        pass
    assert (caught.value.reason, bool(caught.value.hint)) == ("no_hosts", True)
