"""One of several processes whose threads all meet an expired token at once; run by test_expiry_storm.py."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crm_bridge.bridge import Bridge
from crm_bridge.errors import CrmBridgeError
from crm_bridge.spi.adapter import Query

THREADS = 16


def main(home: str, connection: str, record_id: str, go: str) -> None:
    """Sign in, say so, wait for the file `go`, then read one contract with 16 threads; print what each one got."""
    with Bridge.open(Path(home), environ={}) as bridge:
        adapter = bridge.adapter(connection)
        adapter.whoami()
        Path(f"{go}.{os.getpid()}").touch()
        barrier = threading.Barrier(THREADS)

        def ask(_number: int) -> str:
            barrier.wait()
            while not Path(go).exists():
                time.sleep(0.001)
            try:
                pages = adapter.find(Query(ids=(record_id,))).pages
                return ",".join(contract.id for page in pages for contract in page.contracts)
            except CrmBridgeError as error:
                return f"{type(error).__name__}: {error.reason}"

        with ThreadPoolExecutor(THREADS) as pool:
            print(json.dumps(list(pool.map(ask, range(THREADS)))))


main(*sys.argv[1:])
