"""A secret shows itself only when it is asked by name; what holds secrets leaves no core."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.credentials import Secret
from crm_bridge.credentials.sealing import Sealer

VALUE = "canary-1"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "%s".__mod__, lambda s: f"{s!r:>20}", lambda s: f"{[s]}"])
def test_no_way_of_showing_it_shows_it(show: object) -> None:
    assert VALUE not in show(Secret(VALUE))  # type: ignore[operator]


@pytest.mark.parametrize("move", [pickle.dumps, copy.deepcopy, copy.copy, json.dumps])
def test_it_cannot_be_carried_out_of_the_process(move: object) -> None:
    with pytest.raises(TypeError) as refused:
        move(Secret(VALUE))  # type: ignore[operator]
    assert VALUE not in str(refused.value)


def test_it_has_no_attributes_to_dump() -> None:
    assert not hasattr(Secret(VALUE), "__dict__")


def test_equal_secrets_are_equal_and_hashes_tell_nothing() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("b"))
    assert Secret("a") != "a"


def test_core_dumps_are_off_and_new_files_private() -> None:
    code = (
        "import os, resource; from crm_bridge.credentials import protect_process; protect_process();"
        "print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["(0,", "0)", "0o77"]


@given(text=st.text(), keys=st.lists(st.text(), max_size=4))
def test_what_is_sealed_opens_with_the_same_secrets(text: str, keys: list[str]) -> None:
    assert Sealer(keys, purpose="p").open(Sealer(keys, purpose="p").seal(text)) == text


@pytest.mark.parametrize(
    ("keys", "purpose"), [(["a", "bc"], "p"), (["ab"], "p"), (["ab", "c", ""], "p"), (["ab", "c"], "q")]
)
def test_other_secrets_or_another_purpose_open_nothing(keys: list[str], purpose: str) -> None:
    sealed = Sealer(["ab", "c"], purpose="p").seal("token")
    assert Sealer(keys, purpose=purpose).open(sealed) is None


@given(index=st.integers(0, 200), bit=st.integers(0, 6))
def test_a_changed_bit_never_opens_as_another_text(index: int, bit: int) -> None:
    sealed = bytearray(Sealer(["a"], purpose="p").seal("token").encode())
    sealed[index % len(sealed)] ^= 1 << bit
    assert Sealer(["a"], purpose="p").open(sealed.decode("latin-1")) in (None, "token")
