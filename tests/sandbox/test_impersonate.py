"""The proxy that answers for host names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from crm_bridge.sandbox.serving.impersonate import Impersonation
from crm_bridge.spi.emulator import WireRequest, WireResponse


def echo(request: WireRequest) -> WireResponse:
    """Answer with what was asked."""
    told = {"method": request.method, "path": request.path, "query": request.query, "body": request.body.decode()}
    return WireResponse.of_json(told, 201)


def session(proxy: Impersonation) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.proxies = {"https": proxy.url, "http": proxy.url}
    made.verify = str(proxy.ca_file)
    return made


def test_a_client_with_a_fixed_https_address_meets_the_emulator(tmp_path: Path) -> None:
    with Impersonation({"crm.example": echo}, tmp_path) as proxy, session(proxy) as client:
        answers = [client.post("https://crm.example/a/b?c=d", data="第一") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].json() == {"method": "POST", "path": "/a/b", "query": "c=d", "body": "第一"}


def test_other_hosts_are_refused(tmp_path: Path) -> None:
    with (
        Impersonation({"crm.example": echo}, tmp_path) as proxy,
        session(proxy) as client,
        pytest.raises(requests.exceptions.ProxyError),
    ):
        client.get("https://other.example/")


def test_a_request_outside_a_tunnel_is_refused(tmp_path: Path) -> None:
    with Impersonation({"crm.example": echo}, tmp_path) as proxy, session(proxy) as client:
        assert client.get("http://crm.example/").status_code == 400


def test_a_client_that_does_not_know_the_authority_is_not_fooled(tmp_path: Path) -> None:
    with Impersonation({"crm.example": echo}, tmp_path) as proxy, session(proxy) as client:
        client.verify = True
        with pytest.raises(requests.exceptions.SSLError):
            client.get("https://crm.example/")


def test_no_private_key_is_left_behind(tmp_path: Path) -> None:
    with Impersonation({"crm.example": echo}, tmp_path):
        assert [item.name for item in tmp_path.iterdir()] == ["authority.pem"]
        assert "PRIVATE" not in (tmp_path / "authority.pem").read_text()


def test_the_command_line_serves_it_with_every_option(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "authority"
    options = [
        "--only",
        "fxiaoke",
        "--count",
        "2",
        "--seed",
        "3",
        "--write-home",
        str(home),
        "--impersonate",
        str(folder),
    ]
    command = [sys.executable, "-m", "crm_bridge", "sandbox", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())["fxiaoke"]
        process.terminate()
    assert ready["proxy"].startswith("http://127.0.0.1:")
    assert Path(ready["authority"]).parent == folder
    assert (home / "config.toml").read_text().count("[connections.") == 1
    assert process.returncode == 0
