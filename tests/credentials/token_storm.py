"""One of several processes that want a token at the same moment; run by test_token_cache.py."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

from crm_bridge.clock import SystemClock
from crm_bridge.credentials import AccessToken, Identity, Secret, TokenCache
from crm_bridge.errors import CrmBridgeError

THREADS = 16


def main(folder: str, url: str, go: str, stale: str) -> None:
    """Wait for the file `go`, then ask with 16 threads, each with a cache of its own or a shared one."""

    def opened() -> TokenCache:
        return TokenCache(
            Path(folder), "prod", ("id", "secret"), identify=lambda: Identity("O", "U"), clock=SystemClock()
        )

    shared = opened()
    barrier = threading.Barrier(THREADS)

    def fetch() -> AccessToken:
        with urlopen(url) as answer:
            return AccessToken(Secret(answer.read().decode()), 3600.0, {"api_domain": "https://x"})

    def ask(number: int) -> str:
        cache = shared if number % 2 else opened()
        if barrier.wait() == 0:
            Path(f"{go}.{os.getpid()}").touch()
        while not Path(go).exists():
            time.sleep(0.001)
        try:
            return cache.token(fetch, stale=stale or None).value.reveal()
        except CrmBridgeError as error:
            return error.message

    with ThreadPoolExecutor(THREADS) as pool:
        print(json.dumps(list(pool.map(ask, range(THREADS)))))


main(*sys.argv[1:])
