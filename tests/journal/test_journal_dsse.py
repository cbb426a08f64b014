"""DSSE envelopes against the published vectors."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from crm_bridge.errors import JournalError
from crm_bridge.journal.format.dsse import RECEIPT_TYPE, pae, sign, verify
from crm_bridge.journal.format.note import Signer

IN_TOTO = "application/vnd.in-toto+json"
KEY_A = Signer("A", bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
KEY_B = Signer("B", bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
PAYLOAD = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ=="
SIG = "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="

ACCEPTED = {
    "single-signature": (PAYLOAD, IN_TOTO, SIG),
    "url-safe-base64": (
        "-_-_Pj8=",
        IN_TOTO,
        "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw==",
    ),
    "non-ascii-payload-type": (
        PAYLOAD,
        "application/vnd.exämple+json",
        "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw==",
    ),
    "empty-payload": (
        "",
        IN_TOTO,
        "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg==",
    ),
}


def envelope(payload: str, kind: str, sig: str, **keyid: str) -> dict[str, Any]:
    return {"payload": payload, "payloadType": kind, "signatures": [{"sig": sig, **keyid}]}


def reason(value: dict[str, Any], payload_type: str = IN_TOTO) -> str:
    with pytest.raises(JournalError) as refused:
        verify(value, [KEY_A.verifier, KEY_B.verifier], payload_type=payload_type)
    return refused.value.reason


def test_the_published_encoding_comes_out() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_published_envelope_is_accepted(name: str) -> None:
    payload, kind, sig = ACCEPTED[name]
    got = verify(envelope(payload, kind, sig), [KEY_A.verifier], payload_type=kind)
    assert got == base64.urlsafe_b64decode(payload.replace("+", "-").replace("/", "_"))


def test_signing_gives_the_published_signature() -> None:
    assert sign(IN_TOTO, base64.b64decode(PAYLOAD), KEY_A)["signatures"][0]["sig"] == SIG


def test_a_swapped_payload_type_is_refused() -> None:
    other = "application/vnd.example.other+json"
    assert reason(envelope(PAYLOAD, other, SIG), other) == "receipt_unknown_key"


def test_a_signed_envelope_of_another_type_is_refused() -> None:
    assert reason(envelope(PAYLOAD, IN_TOTO, SIG), RECEIPT_TYPE) == "receipt_type"


def test_a_wrong_signature_of_a_named_key_is_called_so() -> None:
    keyid = f"A+{KEY_A.verifier.key_id}"
    assert reason(envelope("e30=", IN_TOTO, SIG, keyid=keyid)) == "receipt_signature"


def test_the_key_id_decides_nothing() -> None:
    assert verify(envelope(PAYLOAD, IN_TOTO, SIG, keyid="B"), [str(KEY_A.verifier)], payload_type=IN_TOTO)


@pytest.mark.parametrize(
    "value",
    [
        {},
        envelope("%", IN_TOTO, SIG),
        envelope(PAYLOAD, IN_TOTO, "é"),
        {"payload": "", "payloadType": "", "signatures": []},
    ],
)
def test_what_is_no_envelope_is_refused(value: dict[str, Any]) -> None:
    assert reason(value) == "receipt_malformed"
