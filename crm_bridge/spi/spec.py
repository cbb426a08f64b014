"""The specification of an adapter, known without a sign-in: its name, settings, limits, errors, and how to make one."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crm_bridge.clock import Clock
from crm_bridge.domain.capabilities import Capabilities, Limits
from crm_bridge.domain.reasons import Reason
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.emulator import Emulator
from crm_bridge.spi.proving import Proving
from crm_bridge.transport import Budget, CallRecord, Network, Transport

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One vendor code: our reason, whether the request may have been executed, and what the user should do.

    `executed` is "no" only where the vendor documents a rejection before execution. `meaning` and `advice` are
    marked for translation.
    """

    code: str
    family: Reason
    executed: str
    retryable: bool
    meaning: str
    advice: str
    source: str


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Something that a vendor does not publish: what it is about, and the settings that assume an answer.

    `settings` are names and defaults of the connection's `assumptions`, `stand_in` names the emulator's switches.
    """

    id: str
    about: str
    settings: Mapping[str, str] = field(default_factory=dict)
    stand_in: tuple[str, ...] = ()


def row_of(rows: Sequence[ErrorRow], code: str, family: Reason | None) -> ErrorRow | None:
    """Return the row that a code means; among variants of one code (they follow a colon) the one of that family."""
    fitting = [row for row in rows if code and row.code.partition(":")[0] == code]
    exact = [row for row in fitting if row.family == family]
    return exact[0] if exact else fitting[0] if len(fitting) == 1 else None


class SecretReader(Protocol):
    """The secrets of one connection, by item name."""

    def get(self, item: str) -> str | None:
        """Return a secret, or None when no source has it."""
        ...

    def need(self, item: str) -> str:
        """Return a secret, or raise CredentialStoreError that says how to provide it."""
        ...


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """The core's services for an adapter. `state_dir` holds the shared token cache."""

    connection: str
    secrets: SecretReader
    clock: Clock
    randomness: random.Random
    state_dir: Path
    budget: Budget
    on_call: Callable[[CallRecord], None] | None = None
    say: Callable[[str], None] | None = None
    """Shows one line to the user during sign-in, such as an address to open; None when not interactive."""
    network: Network = field(default_factory=Network)
    """The proxy, authorities and TLS version of the connection."""
    noise: tuple[str, ...] = ()
    """Vendor fields whose change is no drift: to be taken out of the content (`Content.without`)."""

    def transport(self, origins: Collection[str]) -> Transport:
        """Return the connection's way to these origins; every client of an adapter is made here.

        So a proxy or authority that the connection names holds for its API, its sign-in and its files alike.
        """
        return Transport(
            name=self.connection,
            origins=origins,
            clock=self.clock,
            randomness=self.randomness,
            budget=self.budget,
            network=self.network,
            listener=self.on_call,
        )


@dataclass(frozen=True, slots=True)
class SecretItem:
    """One secret that a connection of this adapter needs; `required` is False for alternatives."""

    name: str
    label: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class LoginWay:
    """A way to get one of the secrets instead of typing it in."""

    about: str
    makes: str
    """Name of the SecretItem that this way gives."""
    run: Callable[[BaseModel, AdapterContext, str], str]
    """(settings, tools, what was pasted) -> the secret. Prints and keeps nothing. Raises SignInError."""
    asks: str = ""
    """Label of what is pasted, without echo; empty when nothing is asked."""


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """Everything that can be said without signing in; the value behind an entry point of `crm_bridge.adapters`."""

    name: str
    title: str
    about: str
    capabilities: Capabilities
    limits: Limits
    errors: Sequence[ErrorRow]
    settings: Callable[[], type[BaseModel]]
    """Returns the settings model; a callable, so that listing adapters does not import pydantic."""
    secrets: tuple[SecretItem, ...]
    origins: Callable[[BaseModel], tuple[str, ...]]
    """The origins (scheme, host, port) that a connection with these settings may talk to."""
    connect: Callable[[BaseModel, AdapterContext], Adapter]
    emulator: Callable[[str, Clock, int, int], Emulator]
    """(base URL, clock, seed, number of contracts) -> emulator."""
    sign_in_help: str = ""
    module_setting: str = "module"
    """The setting that names the contract module; `connections add --module` sets it."""
    login: Mapping[str, LoginWay] = field(default_factory=dict)
    """Extra ways to sign in by name; empty when secrets are simply typed in."""
    open_questions: Sequence[OpenQuestion] = ()
    """What the vendor does not publish; a connection may answer each otherwise than by default."""
    proving: Callable[[], Proving] | None = None
    """Makes what looks into the open questions on a real tenant; None where nothing does."""
    hosts: Sequence[str] = ()
    """Hosts of the vendor that a sandbox may answer for, so that clients with a fixed address meet the emulator."""
    exported_id_prefix: str = ""
    """What the vendor's own exports put before a record's id; taken off lists of ids."""
    revoke: Callable[[BaseModel, AdapterContext], None] | None = None
    """Makes the secrets useless at the CRM, for `logout`; None where a CRM has no such call."""
