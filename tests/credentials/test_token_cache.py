"""One token for all threads and processes of a connection: fetched once, kept sealed, counted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.credentials import AccessToken, Identity, Secret, TokenCache, forget_token
from crm_bridge.errors import CredentialStoreError, NotSentError, RateLimitedError, TenantChangedError

pytestmark = pytest.mark.timing

Fetch = Callable[[], AccessToken]


class Mint:
    """Makes tokens t1, t2, ... that live for a while, and counts them."""

    def __init__(self, life: float = 3600.0) -> None:
        self.made = 0
        self.life = life

    def __call__(self) -> AccessToken:
        self.made += 1
        return AccessToken(Secret(f"t{self.made}"), self.life, {"tenant": "T"})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cache(tmp_path: Path, clock: ManualClock) -> Callable[..., TokenCache]:
    def make(
        *secrets: str, connection: str = "prod", identify: Any = lambda: Identity("O", "U"), **more: Any
    ) -> TokenCache:
        folder = tmp_path / "tokens"
        return TokenCache(folder, connection, secrets or ("id", "secret"), identify=identify, clock=clock, **more)

    return make


def test_a_token_is_fetched_once_and_shared_through_the_file(cache: Callable[..., TokenCache]) -> None:
    mint = Mint()
    values = [cache().token(mint).value.reveal() for _ in range(5)]
    assert (values, mint.made) == (["t1"] * 5, 1)


def test_what_came_with_it_and_what_is_left_come_back_too(cache: Callable[..., TokenCache], clock: ManualClock) -> None:
    cache().token(Mint())
    clock.advance(600)
    found = cache().token(Mint())
    assert (found.extra, found.expires_in) == ({"tenant": "T"}, 3000.0)


@pytest.mark.parametrize(("life", "after", "made"), [(3600, 3539, 1), (3600, 3541, 2), (100, 89, 1), (100, 91, 2)])
def test_it_is_renewed_a_minute_or_a_tenth_of_its_life_ahead(
    cache: Callable[..., TokenCache], clock: ManualClock, life: float, after: float, made: int
) -> None:
    mint = Mint(life)
    one = cache()
    one.token(mint)
    clock.advance(after)
    one.token(mint)
    assert mint.made == made


def test_a_jump_of_the_wall_clock_neither_kills_nor_prolongs_it(
    cache: Callable[..., TokenCache], clock: ManualClock
) -> None:
    mint = Mint()
    cache().token(mint)
    for seconds in (10**7, -(10**7), -(10**9)):
        clock.jump(seconds)
        assert cache().token(mint).value.reveal() == "t1"
    clock.advance(3600)
    assert cache().token(mint).value.reveal() == "t2"


def test_a_rejected_token_is_replaced_once_by_whoever_comes_first(cache: Callable[..., TokenCache]) -> None:
    mint = Mint()
    first, second = cache(), cache()
    first.token(mint)
    second.token(mint)
    assert first.token(mint, stale="t1").value.reveal() == "t2"
    assert second.token(mint, stale="t1").value.reveal() == "t2"
    assert mint.made == 2


def test_the_ninth_token_in_ten_minutes_is_refused_before_it_is_asked_for(
    cache: Callable[..., TokenCache], clock: ManualClock
) -> None:
    mint = Mint(life=1)
    for _ in range(8):
        cache().token(mint)
        clock.advance(10)
    with pytest.raises(RateLimitedError) as refused:
        cache().token(mint)
    assert (mint.made, refused.value.reason, refused.value.retry_after) == (8, "token_window", 520.0)
    clock.advance(521)
    cache().token(mint)
    assert mint.made == 9


def test_a_fetch_that_fails_is_counted_and_its_error_comes_out(cache: Callable[..., TokenCache]) -> None:
    def refuse() -> AccessToken:
        raise NotSentError("no way")

    for _ in range(8):
        with pytest.raises(NotSentError):
            cache().token(refuse)
    with pytest.raises(RateLimitedError):
        cache().token(Mint())


def test_a_failed_renewal_leaves_the_old_token_in_the_file(
    cache: Callable[..., TokenCache], tmp_path: Path, clock: ManualClock
) -> None:
    cache().token(Mint())

    def refuse() -> AccessToken:
        raise NotSentError("no way")

    with pytest.raises(NotSentError):
        cache().token(refuse, stale="t1")
    assert cache().token(Mint()).value.reveal() == "t1"


def test_the_file_is_private_and_holds_no_secret(cache: Callable[..., TokenCache], tmp_path: Path) -> None:
    cache("canary-id", "canary-secret").token(
        lambda: AccessToken(Secret("canary-token"), 3600.0, {"tenant": "canary-T"})
    )
    folder = tmp_path / "tokens"
    assert {path.name for path in folder.iterdir()} == {"prod.json", "prod.lock"}
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"canary" not in path.read_bytes()


def test_a_file_sealed_under_other_secrets_is_worth_nothing(cache: Callable[..., TokenCache]) -> None:
    mint = Mint()
    cache("id", "old secret").token(mint)
    assert cache("id", "new secret").token(mint).value.reveal() == "t2"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"fetches": 3}', b'{"fetches": [], "sealed": "AAAA"}', b"\xff"]
)
def test_a_damaged_file_is_replaced(cache: Callable[..., TokenCache], tmp_path: Path, content: bytes) -> None:
    cache().token(Mint())
    (tmp_path / "tokens" / "prod.json").write_bytes(content)
    mint = Mint()
    cache().token(mint)
    assert mint.made == 1


@pytest.mark.parametrize("plant", ["link", "readable"])
def test_a_file_that_others_may_have_planted_stops_the_sign_in(
    cache: Callable[..., TokenCache], tmp_path: Path, plant: str
) -> None:
    cache().token(Mint())
    path = tmp_path / "tokens" / "prod.json"
    if plant == "link":
        path.rename(tmp_path / "elsewhere.json")
        path.symlink_to(tmp_path / "elsewhere.json")
    else:
        path.chmod(0o644)
    with pytest.raises(CredentialStoreError):
        cache().token(Mint())


def test_a_name_that_is_no_file_name_stays_in_the_folder(cache: Callable[..., TokenCache], tmp_path: Path) -> None:
    cache(connection="../../evil").token(Mint())
    assert {path.parent.name for path in tmp_path.rglob("*.json")} == {"tokens"}


def test_forgetting_takes_the_token_and_keeps_the_count(cache: Callable[..., TokenCache], tmp_path: Path) -> None:
    mint = Mint()
    for _ in range(8):
        cache().token(mint)
        forget_token(tmp_path / "tokens", "prod")
    with pytest.raises(RateLimitedError):
        cache().token(mint)


def test_a_token_that_cannot_be_kept_is_not_used(
    cache: Callable[..., TokenCache], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = cache()
    mint = Mint()

    def full(self: TokenCache, content: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TokenCache, "_write", full)
    with pytest.raises(CredentialStoreError, match="No space left on device"):
        one.token(mint)
    assert mint.made == 0


class Counter(BaseHTTPRequestHandler):
    """Gives every caller another token, and takes its time."""

    def do_GET(self) -> None:
        server: CountingServer = self.server  # type: ignore[assignment]
        with server.guard:
            server.made += 1
            text = f"token-{server.made}".encode()
        server.pause.wait(0.1)
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


class CountingServer(ThreadingHTTPServer):
    made = 0
    guard = threading.Lock()
    pause = threading.Event()


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer(("127.0.0.1", 0), Counter) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


PROCESSES = 4


def storm(folder: Path, server: CountingServer, *, stale: str = "") -> list[str]:
    """Let 4 processes with 16 threads each ask at once; returns what each thread got."""
    go = folder.parent / f"go-{server.made}"
    url = f"http://127.0.0.1:{server.server_port}/token"
    program = Path(__file__).with_name("token_storm.py")
    running = [
        subprocess.Popen([sys.executable, str(program), str(folder), url, str(go), stale], stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    while len(list(folder.parent.glob(f"{go.name}.*"))) < PROCESSES and all(one.poll() is None for one in running):
        server.pause.wait(0.01)
    go.touch()
    answers = [one.communicate(timeout=60)[0] for one in running]
    return [value for answer in answers for value in json.loads(answer)]


def test_64_threads_in_4_processes_fetch_one_token_and_at_its_end_one_more(
    tmp_path: Path, server: CountingServer
) -> None:
    folder = tmp_path / "tokens"
    assert storm(folder, server) == ["token-1"] * 64
    assert storm(folder, server, stale="token-1") == ["token-2"] * 64
    assert server.made == 2


def test_each_new_token_is_asked_about_once_and_must_open_whom_the_first_one_opened(
    cache: Callable[..., TokenCache], clock: ManualClock
) -> None:
    mint, asked = Mint(), []
    opens = [Identity("O", "U")]

    def identify() -> Identity:
        asked.append(mint.made)
        return opens[-1]

    shared = cache(identify=identify)
    assert [shared.token(mint).value.reveal() for _ in range(3)] == ["t1"] * 3
    assert shared.token(mint, stale="t1").value.reveal() == "t2"
    assert asked == [1, 2]
    for other in (Identity("other", "U"), Identity("O", "other")):
        opens.append(other)
        clock.advance(4000)
        with pytest.raises(TenantChangedError) as changed:
            shared.token(mint)
        assert changed.value.reason == "tenant_changed"
    opens.append(Identity("O", "U"))
    assert shared.token(mint).value.reveal() == "t4"


def test_a_token_that_another_process_renewed_is_asked_about_as_well(
    cache: Callable[..., TokenCache], clock: ManualClock
) -> None:
    mint = Mint()
    ours = cache(identify=lambda: Identity("O" if mint.made == 1 else "other", "U"))
    ours.token(mint)
    clock.advance(3595)
    cache(identify=lambda: Identity("other", "U")).token(mint)
    with pytest.raises(TenantChangedError):
        ours.token(mint)
    assert mint.made == 2


def test_asking_who_answers_uses_the_token_that_it_asks_about_and_may_renew_it(
    cache: Callable[..., TokenCache],
) -> None:
    mint, used = Mint(), []

    def identify() -> Identity:
        used.append(shared.token(mint).value.reveal())
        used.append(shared.token(mint, stale="t1").value.reveal())
        return Identity("O", "U")

    shared = cache(identify=identify)
    assert shared.token(mint).value.reveal() == "t2"
    assert shared.token(mint).value.reveal() == "t2"
    assert used == ["t1", "t2"]
