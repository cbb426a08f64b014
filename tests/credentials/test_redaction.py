"""What a process holds as a secret is taken out of everything it shows, in every usual encoding."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.credentials import Secret
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import CrmBridgeError, SignInError
from crm_bridge.redaction import clean, remember, shown_code, shown_id
from crm_bridge.spi.adapter import RemoveResult, Verdict

SECRET = "1000.cafe+0123/45=67 ü"


@given(before=st.text(max_size=9), after=st.text(max_size=9))
def test_a_secret_is_found_in_any_text_around_it(before: str, after: str) -> None:
    Secret(SECRET)
    raw = SECRET.encode()
    for shape in (SECRET, quote(SECRET, safe=""), raw.hex(), json.dumps(SECRET)[1:-1]):
        assert shape not in clean(f"{before}{shape}{after}")


@given(before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_a_secret_inside_base64_is_found_wherever_it_begins(before: bytes, after: bytes) -> None:
    Secret(SECRET)
    packed = base64.b64encode(before + SECRET.encode() + after).decode()
    assert "***" in clean(packed)
    assert len(clean(packed)) < len(packed) - len(SECRET)


def test_short_texts_are_left_alone() -> None:
    remember("abc")
    assert clean("abcdef abc") == "abcdef abc"


def test_an_error_is_cleaned_in_every_field_that_holds_text() -> None:
    Secret("canary-token-123")
    error = SignInError(
        "refused canary-token-123",
        hint="not canary-token-123",
        vendor_code="canary-token-123",
        request_id="canary-token-123",
    )
    shown = f"{error} {error!r} {error.facts()} {error.args}"
    assert "canary-token-123" not in shown
    assert "***" in error.message


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("INVALID_TOKEN", "INVALID_TOKEN"),
        ("invalid_client", "invalid_client"),
        ("-1", "-1"),
        ("50009", "50009"),
        ("LIMIT_EXCEEDED2", "LIMIT_EXCEEDED2"),
        ("王小明", ""),
        ("Max Mustermann", ""),
        ("13800138000", ""),
        ("64fe857ce5d36179aa648ad01661db41", ""),
        ("B53C23110BD02CC2475D9E08592F8B58", ""),
        ("1000.abc.def", ""),
        ("X" * 200, ""),
        ("A\nB", ""),
    ],
)
def test_a_code_is_shown_only_if_it_looks_like_one(code: str, shown: str) -> None:
    assert shown_code(code) == shown
    assert CrmBridgeError("x", vendor_code=code).vendor_code == shown
    assert RemoveResult(ContractRef("M", "1"), Verdict.UNKNOWN, code=code).code == shown


@pytest.mark.parametrize(
    ("given_id", "shown"), [("E-O.fs1.1-20:a/b", "E-O.fs1.1-20:a/b"), ("a b", ""), ("é", ""), ("x" * 101, "")]
)
def test_a_request_id_is_shown_only_if_it_looks_like_one(given_id: str, shown: str) -> None:
    assert shown_id(given_id) == shown
    assert RemoveResult(ContractRef("M", "1"), Verdict.UNKNOWN, request_id=given_id).request_id == shown
