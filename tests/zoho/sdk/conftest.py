"""Zoho's own Python SDK, unchanged, inside the fixture for tests of scripts: a real port on loopback."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

from crm_bridge.clock import ManualClock
from crm_bridge.testing.pytest_plugin import MakeSandbox
from crm_bridge_zoho.emulator import ZohoEmulator


@dataclass
class Sdk:
    """What a test needs beside the SDK itself: the emulator, and how to build the SDK's parameters."""

    emulator: ZohoEmulator
    clock: ManualClock
    folder: Path
    requests_of_sign_in: int = 0

    def ids(self) -> list[int]:
        """Return the ids of the contracts as the SDK wants them: numbers."""
        return [int(key) for key in self.emulator.control("contracts", {})["ids"]]

    def paths(self) -> list[str]:
        """Return verb and path of every request since sign-in."""
        return [f"{one.method} {one.path}" for one in self.emulator.ledger()[self.requests_of_sign_in :]]

    def place(self, record_id: int) -> str:
        """Return where a record is: live, bin or gone."""
        return str(self.emulator.control("record", {"id": str(record_id)})["place"])


def params(pairs: dict[Any, Any]) -> Any:
    """Return an SDK parameter map."""
    made = ParameterMap()
    for param, value in pairs.items():
        made.add(param, value)
    return made


def headers(pairs: dict[Any, Any]) -> Any:
    """Return an SDK header map."""
    made = HeaderMap()
    for header, value in pairs.items():
        made.add(header, value)
    return made


class Stream(io.BytesIO):
    """A file in memory with a name, as the SDK uploads it."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


def body(response: Any, status: int = 200) -> Any:
    """Return the object of an SDK answer with that status. None means that the SDK failed inside."""
    assert response is not None, "the SDK hid an error in its log"
    assert response.get_status_code() == status
    return response.get_object()


@pytest.fixture
def sdk(crm_sandbox: MakeSandbox, tmp_path: Path) -> Iterator[Sdk]:
    """Sign the SDK in; afterwards its log must hold no error, and nothing may have gone anywhere else."""
    crm = crm_sandbox("zoho", count=30)
    assert isinstance(crm.emulator, ZohoEmulator)
    log = tmp_path / "sdk.log"
    resources = tmp_path / "resources"
    resources.mkdir()
    _initialize(crm.emulator, tmp_path, log, resources)
    yield Sdk(crm.emulator, crm.clock, tmp_path, len(crm.emulator.ledger()))
    text = log.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if " - ERROR - " in line] == []
    assert text.count("URL = ") == text.count(f"URL = {crm.url}/")


def _initialize(emulator: ZohoEmulator, folder: Path, log: Path, resources: Path) -> None:
    base, ready = emulator.base_url, emulator.ready()
    token = OAuthToken(
        client_id=ready["client_id"], client_secret=ready["client_secret"], refresh_token=ready["refresh_token"]
    )
    Initializer.initialize(
        DataCenter.Environment(base, f"{base}/oauth/v2/token", base),
        token,
        store=FileStore(str(folder / "tokens.csv")),
        sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False, connect_timeout=5, read_timeout=30),
        resource_path=str(resources),
        logger=Logger.get_instance(Logger.Levels.INFO, str(log)),
    )
