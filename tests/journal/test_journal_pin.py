"""The head pin: kept apart from the file, never ahead of it, never going back."""

from __future__ import annotations

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.errors import JournalError
from crm_bridge.journal.format.entry import NewEntry
from crm_bridge.journal.keys import PIN
from crm_bridge.journal.pin import Pin, read_pin, write_pin
from crm_bridge.journal.store import PIN_OUTCOMES, PIN_SECONDS, Journal
from tests.journal.conftest import MakeNewEntry, MemoryKeys, OpenJournal

ROOT = bytes(range(32))


def pinned(keys: MemoryKeys) -> int:
    """Return the size that is pinned."""
    pin = read_pin(keys)
    assert pin is not None
    return pin.size


@pytest.mark.parametrize("text", [f"9:{ROOT.hex()}", str(Pin(9, ROOT)), f" 9:{ROOT.hex()}\n"])
def test_a_pin_is_read_in_hex_or_base64(text: str) -> None:
    assert Pin.parse(text) == Pin(9, ROOT)


@pytest.mark.parametrize("text", ["", "9", "9:", f"-1:{ROOT.hex()}", f"x:{ROOT.hex()}", f"9:{ROOT.hex()[2:]}", "٩:AA"])
def test_what_is_not_a_pin_is_refused(text: str) -> None:
    with pytest.raises(JournalError) as caught:
        Pin.parse(text)
    assert caught.value.reason == "bad_pin"


def test_a_stored_pin_knows_its_journal(keys: MemoryKeys) -> None:
    write_pin(keys, Pin(9, ROOT, "u-1"))
    assert read_pin(keys) == Pin(9, ROOT, "u-1")


def test_a_damaged_pin_stops_everything(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    open_journal().close()
    keys[PIN] = "%%%"
    with pytest.raises(JournalError) as caught:
        open_journal()
    assert caught.value.reason == "bad_pin"


def test_the_head_is_pinned_at_start_and_end(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    journal = open_journal()
    assert pinned(keys) == 1
    journal.append([NewEntry("note")])
    assert pinned(keys) == 1
    journal.close()
    assert pinned(keys) == 2


def test_the_head_is_pinned_after_fifty_outcomes(
    journal: Journal, keys: MemoryKeys, intent: MakeNewEntry, outcome: MakeNewEntry
) -> None:
    for number in range(PIN_OUTCOMES):
        assert pinned(keys) == 1
        journal.append([intent(str(number))])
        journal.append([outcome(str(number))])
    assert pinned(keys) == 1 + 2 * PIN_OUTCOMES


def test_the_head_is_pinned_once_a_minute(journal: Journal, keys: MemoryKeys, clock: ManualClock) -> None:
    clock.advance(PIN_SECONDS)
    journal.append([NewEntry("note")])
    assert pinned(keys) == 2


def test_nothing_is_pinned_between_an_intent_and_its_call(
    journal: Journal, keys: MemoryKeys, clock: ManualClock, intent: MakeNewEntry, outcome: MakeNewEntry
) -> None:
    clock.advance(PIN_SECONDS)
    journal.append([intent("1")])
    assert pinned(keys) == 1
    journal.append([outcome("1")])
    assert pinned(keys) == 3


def test_a_pin_never_goes_back(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    slow, fast = open_journal(), open_journal()
    fast.append([NewEntry("note"), NewEntry("note")])
    fast.close()
    slow.close()
    assert pinned(keys) == 3


def test_a_journal_that_ran_ahead_of_its_pin_is_opened(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    journal = open_journal()
    keys.broken = True
    journal.append([NewEntry("note"), NewEntry("note")])
    journal.close()
    keys.broken = False
    assert journal.pin_stale
    assert open_journal().head().size == 3
    assert pinned(keys) == 3


def test_a_pin_that_could_not_be_kept_is_kept_later(journal: Journal, keys: MemoryKeys, clock: ManualClock) -> None:
    keys.broken = True
    clock.advance(PIN_SECONDS)
    journal.append([NewEntry("note")])
    assert journal.pin_stale
    keys.broken = False
    clock.advance(PIN_SECONDS)
    journal.append([NewEntry("note")])
    assert (journal.pin_stale, pinned(keys)) == (False, 3)


def test_a_pin_store_apart_from_the_keyring_is_used(open_journal: OpenJournal, keys: MemoryKeys) -> None:
    pins = MemoryKeys()
    open_journal(pins=pins).close()
    assert PIN in pins
    assert PIN not in keys
