"""Signing keys and their change, keyed digests; every place where a crash can cut a change of keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.errors import CredentialStoreError, JournalError
from crm_bridge.journal.checking.check import check_journal
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.keys import HMAC, SIGN, SIGN_NEXT, PersonalDigests, make_key, read_key
from tests.journal.conftest import MemoryKeys, OpenJournal

KEY = bytes(range(32))


class LosesSignKey(MemoryKeys):
    """A keyring in which the process dies before the new signing key is in its place."""

    dead = False

    def set(self, name: str, value: str) -> None:
        if self.dead and name == SIGN:
            raise OSError("the process died here")
        super().set(name, value)


def test_a_digest_is_the_hmac_of_field_zero_byte_value() -> None:
    expected = hmac.new(KEY, b"number\x00HT-2024-0183", hashlib.sha256).hexdigest()
    assert PersonalDigests(KEY).digest("number", "HT-2024-0183") == expected


def test_two_spellings_of_one_text_have_one_digest() -> None:
    digests = PersonalDigests(KEY)
    assert digests.digest("title", "e\u0301") == digests.digest("title", "\u00e9")


@given(st.text(), st.text(), st.text(), st.text())
def test_fields_and_values_cannot_be_confused(field: str, value: str, other: str, another: str) -> None:
    if "\x00" not in field + other and (field, value) != (other, another):
        digests = PersonalDigests(KEY)
        same = digests.digest(field, value) == digests.digest(other, another)
        assert not same or field == other


def test_keyed_digests_show_no_key_and_cannot_be_copied() -> None:
    digests = PersonalDigests(KEY)
    assert KEY.hex() not in repr(digests)
    with pytest.raises(TypeError):
        pickle.dumps(digests)


@pytest.mark.parametrize("damage", ["", "x", base64.b64encode(b"short").decode(), "é"])
def test_a_damaged_key_is_not_used(keys: MemoryKeys, damage: str) -> None:
    keys[SIGN] = damage
    if not damage:
        assert read_key(keys, SIGN) is None
        return
    with pytest.raises(CredentialStoreError) as caught:
        read_key(keys, SIGN)
    assert caught.value.reason == "key_damaged"


def test_a_key_that_does_not_read_back_is_not_used() -> None:
    class Forgetful(MemoryKeys):
        def set(self, name: str, value: str) -> None:
            """Keep nothing."""

    with pytest.raises(CredentialStoreError) as caught:
        make_key(Forgetful(), SIGN, random.Random(1))
    assert caught.value.reason == "key_not_kept"


def test_a_new_key_is_sealed_by_both_keys(open_journal: OpenJournal) -> None:
    journal = open_journal()
    old = journal.vkey
    entry = journal.rotate_key()
    assert entry.body == {"old": old, "new": journal.vkey}
    note = journal.checkpoint(entry.seq + 1).note
    assert note.count("\n— ") == 2


def test_ten_changes_of_keys_verify(open_journal: OpenJournal) -> None:
    journal = open_journal()
    vkeys = [journal.vkey]
    for _turn in range(10):
        journal.rotate_key()
        journal.append([NewEntry("note")])
        vkeys.append(journal.vkey)
    found = check_journal(journal.path, vkeys=vkeys)
    assert (found.exit_code, found.keys) == (0, tuple(vkeys))


def test_a_change_that_died_before_its_entry_changes_nothing(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    first = open_journal()
    old = first.vkey
    first.close()
    make_key(keys, SIGN_NEXT, random.Random(9))
    again = open_journal()
    again.append([NewEntry("note")])
    assert again.vkey == old
    assert check_journal(again.path, vkeys=[old]).exit_code == 0


def test_a_change_that_died_after_its_entry_is_finished_at_the_next_start(open_journal: OpenJournal) -> None:
    keys = LosesSignKey()
    first = open_journal(keys=keys)
    old = first.vkey
    keys.dead = True
    with pytest.raises(OSError):
        first.rotate_key()
    first.close()
    keys.dead = False
    again = open_journal(keys=keys)
    assert again.vkey != old
    assert keys[SIGN] == keys[SIGN_NEXT]
    again.append([NewEntry("note")])
    assert check_journal(again.path, vkeys=[old, again.vkey]).exit_code == 0


def test_a_reader_sees_through_a_change_that_was_cut(open_journal: OpenJournal) -> None:
    keys = LosesSignKey()
    first = open_journal(keys=keys)
    keys.dead = True
    with pytest.raises(OSError):
        first.rotate_key()
    reader = open_journal(keys=keys, read_only=True)
    assert reader.vkey == str(check_journal(first.path).keys[-1])


def test_a_process_that_did_not_change_the_key_goes_on_with_the_new_one(open_journal: OpenJournal) -> None:
    one, two = open_journal(), open_journal()
    two.rotate_key()
    one.append([NewEntry("note")])
    assert one.vkey == two.vkey
    assert check_journal(one.path, vkeys=[one.vkey]).exit_code == 0


def test_two_processes_may_change_the_key_in_turns(open_journal: OpenJournal) -> None:
    one, two = open_journal(), open_journal()
    for _turn in range(3):
        one.rotate_key()
        two.rotate_key()
    one.append([NewEntry("note")])
    assert check_journal(one.path, vkeys=[one.vkey]).exit_code == 0
    one.close()
    two.close()
    open_journal().append([NewEntry("note")])


def test_without_the_new_key_another_process_stops(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    one, two = open_journal(), open_journal()
    old = keys[SIGN]
    two.rotate_key()
    keys[SIGN] = keys[SIGN_NEXT] = old
    with pytest.raises(JournalError) as caught:
        one.append([NewEntry("note")])
    assert caught.value.reason == "key_missing"


def test_after_a_cut_change_the_same_process_signs_with_the_new_key(open_journal: OpenJournal) -> None:
    keys = LosesSignKey()
    journal = open_journal(keys=keys)
    keys.dead = True
    with pytest.raises(OSError):
        journal.rotate_key()
    journal.append([NewEntry("note")])
    assert check_journal(journal.path).exit_code == 0


def test_the_wrong_key_cannot_continue_a_journal(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    open_journal().close()
    make_key(keys, SIGN, random.Random(4))
    with pytest.raises(JournalError) as caught:
        open_journal()
    assert caught.value.reason == "journal_unverified"


def test_a_new_digest_key_is_named_before_what_is_written_with_it(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    open_journal().close()
    make_key(keys, HMAC, random.Random(4))
    journal = open_journal()
    (note,) = journal.append([NewEntry("note")])
    (entry,) = journal.entries(op="key.hmac")
    assert entry.seq == note.seq - 1
    assert entry.body["hmac"] == PersonalDigests(base64.b64decode(keys[HMAC])).key_id
    journal.close()
    again = open_journal()
    again.append([NewEntry("note")])
    assert len(list(again.entries(op="key.hmac"))) == 1


def test_another_process_finishes_a_change_that_was_cut(open_journal: OpenJournal) -> None:
    keys = LosesSignKey()
    one, two = open_journal(keys=keys), open_journal(keys=keys)
    keys.dead = True
    with pytest.raises(OSError):
        one.rotate_key()
    keys.dead = False
    two.append([NewEntry("note")])
    assert keys[SIGN] == keys[SIGN_NEXT]
    two.rotate_key()
    two.append([NewEntry("note")])
    assert check_journal(two.path, vkeys=[two.vkey]).exit_code == 0
