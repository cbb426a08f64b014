"""The whole journey through a proxy that asks for a password, to hosts of a private authority, without a keyring."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.clock import SystemClock
from crm_bridge.errors import NotSentError
from tests.journeys.company import Company, company

USER = "robot:p@ss:word"
CRMS = {
    "zoho": (("accounts.zoho.eu", "www.zohoapis.eu"), {"data_center": "eu"}),
    "fxiaoke": (("open.fxiaoke.com",), {"cloud": "fenxiang", "object": "SaleContractObj", "auth": "corp_token"}),
}


class HastyClock(SystemClock):
    """Real time that is not waited for."""

    def sleep(self, seconds: float) -> None:
        """Go on at once."""


def state_directory(folder: Path, adapter: str, crm: Company, settings: dict[str, str], **more: str) -> Path:
    home = folder / "home"
    home.mkdir(mode=0o700)
    lines = ["[connections.crm]", f'adapter = "{adapter}"', *(f"{k} = {json.dumps(v)}" for k, v in settings.items())]
    lines += [f"{key} = {json.dumps(value)}" for key, value in more.items()]
    (home / "config.toml").write_text("\n".join(lines) + "\n")
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    name, _colon, password = USER.partition(":")
    given = {**crm.emulator.connection()[1], "proxy_user": name, "proxy_password": password}
    for item, value in given.items():
        path = secrets / f"crm.{item}"
        path.write_text(value)
        path.chmod(0o400)
    return home


@pytest.mark.parametrize("adapter", CRMS)
def test_everything_goes_through_the_proxy_from_the_keys_to_the_restore(tmp_path: Path, adapter: str) -> None:
    hosts, settings = CRMS[adapter]
    with company(adapter, hosts, tmp_path, user=USER) as crm:
        ca_file = str(crm.authority)
        home = state_directory(tmp_path, adapter, crm, settings, proxy=crm.proxy.url, ca_file=ca_file, tls_min="1.3")
        opened = {"secrets_dir": tmp_path / "secrets", "environ": {}, "clock": HastyClock()}
        with Bridge.open(home, **opened) as bridge:  # type: ignore[arg-type]
            assert bridge.make_keys() == ("journal-sign", "journal-hmac", "backup-identity")
        with Bridge.open(home, **opened) as bridge:  # type: ignore[arg-type]
            connection = bridge.connect("crm")
            ids = list(crm.emulator.control("contracts", {})["ids"])[1:4]  # without orders
            plan = connection.plan(ids=ids, reason="a company")
            run = connection.apply(plan, confirm=plan.digest)
            assert [str(item.outcome) for item in run] == ["removed"] * 3
            steps = connection.restore(run.id)
            assert {step.result for step in steps} == {"restored"}
        assert {str(crm.emulator.control("record", {"id": one})["place"]) for one in ids} == {"live"}
        assert set(crm.proxy.targets) == {f"{host}:443" for host in hosts}
        seen = b"".join(crm.proxy.heads) + bytes(crm.proxy.carried)
    secrets = [path.read_bytes() for path in (tmp_path / "secrets").glob("crm.*")]
    assert not any(secret in seen for secret in secrets if len(secret) > 8)


def test_without_the_proxy_or_the_authority_nothing_is_sent_and_the_setting_is_named(tmp_path: Path) -> None:
    hosts, settings = CRMS["fxiaoke"]
    with company("fxiaoke", hosts, tmp_path, user=USER, count=3) as crm:
        home = state_directory(tmp_path, "fxiaoke", crm, settings, proxy=crm.proxy.url)
        with (
            Bridge.open(home, secrets_dir=tmp_path / "secrets", environ={}, clock=HastyClock()) as bridge,
            pytest.raises(NotSentError) as refused,
        ):
            bridge.profile("crm")
        assert refused.value.reason == "tls"
        assert "ca_file" in refused.value.hint
        assert list(crm.emulator.ledger()) == []


def test_the_proxy_of_the_environment_counts_only_where_it_is_asked_for(tmp_path: Path) -> None:
    hosts, settings = CRMS["fxiaoke"]
    with company("fxiaoke", hosts, tmp_path, user=USER, count=3) as crm:
        ca_file = str(crm.authority)
        home = state_directory(tmp_path, "fxiaoke", crm, settings, ca_file=ca_file)
        address = crm.proxy.url.replace("http://", "http://robot:p%40ss%3Aword@")
        given = {"HTTPS_PROXY": address, "SSL_CERT_FILE": ca_file}
        with Bridge.open(home, secrets_dir=tmp_path / "secrets", environ=given) as bridge:
            assert bridge.resolved("crm").network.proxy is None
        text = (home / "config.toml").read_text()
        (home / "config.toml").write_text(text + 'proxy = "environment"\n')
        for item in ("proxy_user", "proxy_password"):
            (tmp_path / "secrets" / f"crm.{item}").unlink()
        with Bridge.open(home, secrets_dir=tmp_path / "secrets", environ=given, clock=HastyClock()) as bridge:
            assert bridge.profile("crm").user_id
        assert crm.proxy.targets
        given["NO_PROXY"] = "fxiaoke.com"
        with Bridge.open(home, secrets_dir=tmp_path / "secrets", environ=given) as bridge:
            proxy = bridge.resolved("crm").network
            assert proxy.proxy is not None
            assert proxy.proxy_for("open.fxiaoke.com") is None
