"""Calls whose refusals are answers: what was asked, and what status and code came."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from crm_bridge.domain.planning.facts import Observed, Setting
from crm_bridge.errors import CrmBridgeError
from crm_bridge.i18n import N_
from crm_bridge.transport import Response
from crm_bridge_zoho.reading.coql import ROUTE, Coql, Select

REFUSED = N_("Zoho refused the question; the codes are in the evidence")
_CODE = re.compile("[A-Z][A-Z_]{2,40}")
NOBODY = "100000000000000001"
"""An id that looks right and belongs to no record: the ids of an org begin with a number of its own."""


@dataclass(frozen=True, slots=True)
class Told:
    """Answer to a question: what came, or the refusal. Neither where Zoho said that nothing is there."""

    answer: Response | None = None
    refusal: CrmBridgeError | None = None


class Wire:
    """Calls of one question, with their routes, statuses and codes as evidence."""

    def __init__(self, coql: Coql) -> None:
        """Queries go through the connection's own."""
        self._coql = coql
        self._calls: list[str] = []
        self._told = False

    def ask(self, route: str, send: Callable[[], Response | None]) -> Told:
        """Return the answer to a read, refused or not; what came on the way to it is no answer and raises."""
        try:
            answer = send()
        except CrmBridgeError as refusal:
            if not refusal.vendor_code and not refusal.http_status:
                raise
            self.note(route, refusal.http_status, refusal.vendor_code)
            return Told(refusal=refusal)
        self.note(route, answer.status if answer else 204, "")
        return Told(answer)

    def query(self, select: Select, limit: int) -> Told:
        """Return the answer to a COQL query, in the quotes that this Zoho takes."""
        return self.ask(ROUTE, lambda: self._coql.quoted(select.module, select.page(after=None, limit=limit), limit))

    def note(self, route: str, status: int | None, code: str) -> None:
        """Take a call into the evidence of the next observation."""
        if self._told:
            self._calls, self._told = [], False
        # A code that is none may be anything that the CRM likes to say.
        shown = code if _CODE.fullmatch(code) else ""
        self._calls.append(f"{route}: {status or '-'} {shown}".rstrip())

    def saw(self, question: str, value: str, **settings: Setting) -> Observed:
        """Return an observation with the calls behind it."""
        return Observed(question, value, settings, self._evidence())

    def missed(self, question: str, why: str) -> Observed:
        """Return that a question could not be answered."""
        return Observed(question, calls=self._evidence(), why=why)

    def _evidence(self) -> tuple[str, ...]:
        self._told = True
        return tuple(dict.fromkeys(self._calls))
