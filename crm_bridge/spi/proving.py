"""What an adapter tells of itself on a real tenant: how each open question is looked into, and what is made for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from crm_bridge.domain.contract import ContractRef
from crm_bridge.domain.planning.facts import Observed
from crm_bridge.domain.snapshot import Snapshot
from crm_bridge.errors import CrmBridgeError, SignInError, UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Adapter

if TYPE_CHECKING:
    from pydantic import BaseModel

Question = Callable[[], Iterator[Observed]]


class ProvingStage(StrEnum):
    """Where contracts of our own stand when an adapter looks; at `READING` there are none and nothing is written."""

    READING = "reading"
    RIGHTS = "rights"
    """Before anything is created: what would be refused anyway is asked with ids that no record has."""
    CREATED = "created"
    WHOLE = "whole"
    """The first contract has a note, a file and a line, as far as this CRM takes them."""
    TRASHED = "trashed"
    RESTORED = "restored"
    PURGED = "purged"


class Proving(Protocol):
    """The questions of one adapter about one tenant; it outlives the adapter, which is made anew with what was found.

    Whatever it changes is one of the contracts that it is handed. A question `right:trash` or `right:purge` with the
    value `denied` says that contracts of our own could not be removed again: none are created then.
    """

    def look(self, adapter: Adapter, stage: ProvingStage, refs: Sequence[ContractRef]) -> Iterable[Observed]:
        """Yield what this stage shows. A refusal is an observation; what cannot be told has a `why`."""
        ...

    def again(self, adapter: Adapter, settings: BaseModel) -> Adapter:
        """Return an adapter with other settings that knows what this one found out; nothing is asked anew."""
        ...

    def draft(self, adapter: Adapter, label: tuple[str, str], template: Snapshot | None, *, whole: bool) -> Snapshot:
        """Return a contract to create, from a template or else from the required fields; `label`: a field, its text.

        `whole`: with a note, a file and a line, as far as this CRM takes them. UsageError where a required field
        cannot be filled without a template.
        """
        ...

    def tidy(self, adapter: Adapter, refs: Sequence[ContractRef]) -> None:
        """Remove what the deletion of contracts of ours left behind, such as lines that did not follow."""
        ...


def answers(questions: Iterable[Question]) -> Iterator[Observed]:
    """Yield what questions show, one after the other; one that fails ends alone. Raises SignInError."""
    for question in questions:
        try:
            yield from question()
        except SignInError:
            raise
        except CrmBridgeError:
            continue  # it stays an assumption


def needs_template(label: str, kind: str) -> UsageError:
    """Return the error for a required field of a type that nothing can be made up for."""
    return UsageError(
        _("no value can be made up for the required field {field} ({type})").format(field=label, type=kind),
        reason="needs_template",
        hint=_("name a contract to copy from: --template CONTRACT"),
    )
