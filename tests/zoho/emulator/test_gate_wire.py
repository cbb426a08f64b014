"""Sign-in, scopes, credits, concurrency, faults, compression: what stands before every endpoint."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from crm_bridge.spi.emulator import WireRequest

TOKEN = "/oauth/v2/token"


def _form(zoho: Any, **values: str) -> dict[str, str]:
    ready = zoho.emulator.ready()
    return {name: ready[name] for name in ("client_id", "client_secret", "refresh_token")} | values


def _token(zoho: Any, **values: str) -> Any:
    form = _form(zoho, **({"grant_type": "refresh_token"} | values))
    return zoho.send("POST", TOKEN, body=urlencode(form).encode())


def test_a_token_names_the_emulator_as_its_api_domain(zoho: Any) -> None:
    body = _token(zoho).json
    assert body["api_domain"] == zoho.emulator.base_url
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in body


def test_a_token_is_asked_for_by_form_query_or_multipart(zoho: Any) -> None:
    form = _form(zoho, grant_type="refresh_token")
    assert "access_token" in zoho.send("POST", TOKEN, urlencode(form)).json
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert "access_token" in zoho.send("POST", TOKEN, body=f"{parts}--b--\r\n".encode(), headers=headers).json


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"client_id": "1000.X"}, "invalid_client"),
        ({"client_secret": "x"}, "invalid_client_secret"),
        ({"refresh_token": "1000.a.b"}, "invalid_code"),
        ({"grant_type": "authorization_code", "code": "1000.a.b"}, "invalid_code"),
        ({"grant_type": "password"}, "general_error"),
    ],
)
def test_errors_of_the_token_endpoint_are_200(zoho: Any, values: dict[str, str], error: str) -> None:
    reply = _token(zoho, **values)
    assert (reply.status, reply.json) == (200, {"error": error})


def test_the_eleventh_token_in_ten_minutes_is_denied(zoho: Any) -> None:
    replies = [_token(zoho) for _ in range(10)]
    assert [("access_token" in reply.json) for reply in replies] == [True] * 9 + [False]
    assert (replies[-1].status, replies[-1].json["error"]) == (400, "Access Denied")
    zoho.clock.advance(601)
    assert "access_token" in _token(zoho).json


def test_the_sixteenth_living_token_kills_the_oldest(zoho: Any) -> None:
    zoho.switch("token_throttle", False)
    for _ in range(15):
        _token(zoho)
    reply = zoho.get("/org")
    assert (reply.status, reply.json["code"]) == (401, "INVALID_OAUTHTOKEN")


def test_old_style_lifetimes(zoho: Any) -> None:
    zoho.switch("token_old_style", True)
    body = _token(zoho).json
    assert (body["expires_in_sec"], body["expires_in"]) == (3600, 3_600_000)


def test_a_browser_sign_in_ends_in_a_refresh_token(zoho: Any) -> None:
    ready = zoho.emulator.ready()
    asked = {
        "response_type": "code", "client_id": ready["client_id"], "scope": "ZohoCRM.modules.ALL,ZohoCRM.org.READ",
        "redirect_uri": "http://127.0.0.1:9/cb", "access_type": "offline", "state": "xyz",
    }  # fmt: skip
    reply = zoho.send("GET", "/oauth/v2/auth", urlencode(asked))
    assert reply.status == 302
    given = {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["Location"]).query).items()}
    assert (given["state"], given["accounts-server"]) == ("xyz", zoho.emulator.base_url)
    exchange = {"grant_type": "authorization_code", "code": given["code"], "redirect_uri": asked["redirect_uri"]}
    body = _token(zoho, **exchange).json
    assert body["scope"] == "ZohoCRM.modules.ALL ZohoCRM.org.READ"
    assert "access_token" in _token(zoho, refresh_token=body["refresh_token"]).json
    assert _token(zoho, **exchange).json == {"error": "invalid_code"}
    zoho.switch("refuse_consent", True)
    refused = zoho.send("GET", "/oauth/v2/auth", urlencode(asked))
    assert "error=access_denied" in refused.headers["Location"]


@pytest.mark.parametrize(
    "wrong", [{"client_id": "x"}, {"scope": "ZohoCRM.everything"}, {"redirect_uri": "x"}, {"response_type": "token"}]
)
def test_a_wrong_consent_request_goes_nowhere(zoho: Any, wrong: dict[str, str]) -> None:
    asked = {
        "response_type": "code", "client_id": zoho.emulator.ready()["client_id"], "scope": "ZohoCRM.modules.ALL",
        "redirect_uri": "http://127.0.0.1:9/cb", **wrong,
    }  # fmt: skip
    assert zoho.send("GET", "/oauth/v2/auth", urlencode(asked)).status == 400


def test_revoking_ends_the_access_tokens_too(zoho: Any) -> None:
    reply = zoho.send("POST", "/oauth/v2/token/revoke", urlencode({"token": zoho.emulator.ready()["refresh_token"]}))
    assert reply.json == {"status": "success"}
    assert zoho.get("/org").json["code"] == "INVALID_TOKEN"
    assert _token(zoho).json == {"error": "invalid_code"}


@pytest.mark.parametrize("scheme", ["Zoho-oauthtoken", "zoho-OAuthToken", "Bearer"])
def test_schemes_in_any_case(zoho: Any, scheme: str) -> None:
    assert zoho.get("/org", headers={"authorization": f"{scheme} {zoho.token}"}).status == 200


@pytest.mark.parametrize(
    ("header", "code"), [("", "AUTHENTICATION_FAILURE"), ("Basic x", "AUTHENTICATION_FAILURE"),
                         ("Zoho-oauthtoken x", "INVALID_TOKEN")],
)  # fmt: skip
def test_no_or_a_wrong_token_is_401(zoho: Any, header: str, code: str) -> None:
    reply = zoho.get("/org", headers={"authorization": header})
    assert (reply.status, reply.json["code"]) == (401, code)


def test_tokens_expire(zoho: Any) -> None:
    zoho.clock.advance(3601)
    assert zoho.get("/org").json["code"] == "INVALID_TOKEN"


@pytest.mark.parametrize(
    ("scopes", "path", "status"),
    [
        (["ZohoCRM.modules.ALL"], "/Contracts?fields=Name", 200),
        (["ZohoCRM.modules.custom.READ"], "/Contracts?fields=Name", 200),
        (["ZohoCRM.modules.Contracts.READ"], "/Contracts?fields=Name", 200),
        (["ZohoCRM.modules.Contracts.CREATE"], "/Contracts?fields=Name", 401),
        (["ZohoCRM.modules.Accounts.ALL"], "/Contracts?fields=Name", 401),
        (["ZohoCRM.settings.ALL"], "/settings/fields?module=Contracts", 200),
        (["ZohoCRM.settings.modules.READ"], "/settings/fields?module=Contracts", 401),
        (["ZohoCRM.modules.ALL"], "/org", 401),
    ],
)
def test_scopes(zoho: Any, scopes: list[str], path: str, status: int) -> None:
    zoho.control("scopes", list=scopes)
    where, _mark, query = path.partition("?")
    assert zoho.send("GET", f"/crm/v8{where}", query).status == status


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/crm/v8/settings/nothing", 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/v9/Contracts", 404, "INVALID_URL_PATTERN"),
        ("PATCH", "/crm/v8/coql", 400, "INVALID_REQUEST_METHOD"),
        ("POST", "/crm/v8/org", 400, "INVALID_REQUEST_METHOD"),
    ],
)
def test_wrong_paths_and_verbs(zoho: Any, method: str, path: str, status: int, code: str) -> None:
    reply = zoho.send(method, path)
    assert (reply.status, reply.json["code"]) == (status, code)


@pytest.mark.parametrize("version", ["v2", "v2.1", "v7", "v8"])
def test_older_versions_answer_too(zoho: Any, version: str) -> None:
    assert zoho.send("GET", f"/crm/{version}/Contracts", "fields=Name&per_page=1&").status == 200


def test_version_2_needs_no_fields_and_counts_pages_on(plain: Any) -> None:
    assert "Name" in plain.send("GET", "/crm/v2/Contracts", "per_page=1").json["data"][0]
    assert plain.send("GET", "/crm/v2/Contracts", "page=11").status == 204


@pytest.mark.parametrize("code", ["TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED"])
def test_used_up_credits_are_429_in_three_spellings(zoho: Any, code: str) -> None:
    zoho.switch("throttle_code", code)
    zoho.control("credits", remaining=1)
    assert zoho.get("/org").headers["X-API-CREDITS-REMAINING"] == "0"
    reply = zoho.get("/org")
    assert (reply.status, reply.json["code"]) == (429, code)
    assert "Retry-After" not in reply.headers
    zoho.switch("retry_after", 30)
    assert zoho.get("/org").headers["Retry-After"] == "30"


def test_credits_show_up_after_half_of_them(zoho: Any) -> None:
    assert "X-API-CREDITS-REMAINING" not in zoho.get("/org").headers
    zoho.control("credits", remaining=37_501)
    assert zoho.get("/org").headers["X-API-CREDITS-REMAINING"] == "37500"


def test_calls_at_the_same_time_are_limited_and_heavy_ones_more(zoho: Any) -> None:
    zoho.switch("busy_calls", 10)
    assert zoho.get("/org").status == 200
    assert zoho.coql("select Name from Contracts where id is not null").status == 429
    assert zoho.get("/Contracts", fields="Name", sort_by="id").status == 429
    many = {"data": [{"Name": str(n)} for n in range(11)]}
    assert zoho.post("/Contracts", many).status == 429
    assert zoho.post("/Contracts", {"data": [{"Name": "one"}]}).status == 201
    zoho.switch("busy_calls", 20)
    assert zoho.get("/org").status == 429


def test_ordered_faults_come_before_anything_is_done(zoho: Any) -> None:
    zoho.switch("fail_next", 1)
    zoho.switch("throttle_next", 1)
    one = zoho.contracts()[0]
    assert zoho.delete("/Contracts", ids=one).status == 429
    assert zoho.delete("/Contracts", ids=one).json["code"] == "INTERNAL_ERROR"
    assert zoho.delete("/Contracts", ids=one).status == 200


def test_answers_are_compressed_for_clients_that_accept_it(zoho: Any) -> None:
    zoho.switch("gzip", True)
    plain = zoho.get("/org")
    packed = zoho.get("/org", headers={"accept-encoding": "gzip, deflate"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.wire.body)) == plain.json


def test_empty_answers_have_neither_body_nor_type(zoho: Any) -> None:
    reply = zoho.get("/Contracts/554023000000099002")
    assert (reply.status, reply.wire.body, reply.headers.keys()) == (204, b"", {"Date"})


def test_the_ledger_holds_no_secrets(zoho: Any) -> None:
    zoho.emulator.handle(WireRequest("POST", TOKEN, urlencode(_form(zoho, grant_type="refresh_token"))))
    text = json.dumps([entry.as_json() for entry in zoho.emulator.ledger()])
    ready = zoho.emulator.ready()
    assert ready["client_secret"] not in text
    assert ready["refresh_token"] not in text
