"""Run inside a private D-Bus by test_secret_service.py: our store against the real gnome-keyring."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from crm_bridge.credentials import open_keyring


def main() -> None:
    """Print what the store did, as JSON."""
    found: dict[str, object] = {}
    store = open_keyring(environ={})
    found["name"] = store.name
    store.set("prod", "client_secret", "s3cret 合同")
    kept = store.get("prod", "client_secret")
    found["kept"] = kept.reveal() if kept else None
    store.set("prod", "client_secret", "second")
    again = open_keyring(environ={}).get("prod", "client_secret")
    found["second"] = again.reveal() if again else None
    found["other"] = store.get("prod", "refresh_token") is not None
    store.delete("prod", "client_secret")
    found["gone"] = store.get("prod", "client_secret") is None
    store.set("prod", "long", "x" * 1200)
    found["long"] = len(store.get("prod", "long").reveal())  # type: ignore[union-attr]
    files = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
    found["plain"] = not files or any(
        b"s3cret" in path.read_bytes() or b"x" * 64 in path.read_bytes() for path in files
    )
    print(json.dumps(found))


main()
