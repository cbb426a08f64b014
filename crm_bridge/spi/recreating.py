"""What adapters share when they create a contract again: its mark, values that give way, copies that may be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Restored, RestoreItem, Verdict

MARK = "crm-bridge-"
"""The marks of copies begin so."""
MARK_LENGTH = 31
_MOST_ROUNDS = 100
_EMPTY = "-"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Mark:
    """The field that carries the mark of a copy from its first moment on."""

    field: str
    stays: bool
    """Whether the connection names the field for it; a borrowed one is emptied when the copy is whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look for an earlier copy found: copies, or records of ours that may be one."""

    copies: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()


def mark_field(named: str, may_borrow: Callable[[str], bool], fields: Iterable[str]) -> Mark | None:
    """Return the field for a mark: the connection's own, else the first in the order of names that may be borrowed."""
    if named:
        return Mark(named, stays=True)
    found = next(filter(may_borrow, sorted(fields)), None)
    return Mark(found, stays=False) if found else None


def until_taken(send: Callable[[], Result], gives_way: Callable[[Result], bool]) -> Result:
    """Send, and once more for as long as a refusal can be given way to; return what became of the last call.

    Nothing was made by a call that was refused, so that the next one makes the only copy: `gives_way` says no where an
    answer leaves that open.
    """
    result = send()
    for _round in range(_MOST_ROUNDS):
        if not gives_way(result):
            break
        result = send()
    return result


def replacement(
    value: object, *, options: Sequence[str], is_text: bool, taken: bool, marker: str, most: int | None = None
) -> str | None:
    """Return what a field that must have a value gets for one that is refused; None where nothing can be said honestly.

    A choice gets another option, a text keeps its words with the end of the mark behind them, in `most` characters.
    """
    if options:
        return next((one for one in options if one != value), None)
    if not is_text:
        return None
    text, end = value if isinstance(value, str) else _EMPTY, f" ({marker[-6:]})"
    if value is None and not taken:
        return text
    return (text if most is None else text[: most - len(end)]) + end


def why_left_out(*, taken: bool, missing: bool, of_owner: bool, given: bool, refers: bool) -> str:
    """Return in words why a value is not as it was. `given`: the record has another owner, whom the caller named."""
    if taken:
        return Reason.DUPLICATE.words
    if missing:
        return _("it must have a value now, and the backup has none")
    if of_owner and given:
        return _("this person is not an active user any more; it is now the named owner's")
    if of_owner:
        return _("this person is not an active user any more; name another with --owner")
    if refers:
        return _("the record or person that it names is not there any more")
    return _("the CRM does not take its value any more")


def not_made_again(item: RestoreItem, found: Found) -> Restored | None:
    """Return the answer for a contract that may be there already, more than once or not for certain; else None."""
    if len(found.copies) > 1:
        ids, reason = ", ".join(found.copies), Reason.SEVERAL_COPIES
        message = _("several records look like the copy of an earlier attempt: {ids}").format(ids=ids)
        hint = _("look at them in the CRM and keep one; nothing was created")
    elif not found.copies and found.possible:
        ids, reason = ", ".join(found.possible), Reason.POSSIBLE_COPY
        message = _("made by this user since the first attempt, with its number or title: {ids}").format(ids=ids)
        hint = _("look at {ids} in the CRM: delete it there if it is an unfinished copy, then restore again").format(
            ids=ids
        )
    else:
        return None
    return Restored(item.ref, Verdict.UNKNOWN, reason=reason, message=message, hint=hint)
