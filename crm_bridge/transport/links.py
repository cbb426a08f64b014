"""Links in records that lead outside the CRM: fetched without credentials, from public addresses only."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from crm_bridge.clock import Clock
from crm_bridge.transport.calls import CallRecord, Timeouts
from crm_bridge.transport.origins import is_public_address


def fetch_public(
    url: str,
    *,
    max_bytes: int,
    clock: Clock,
    randomness: random.Random,
    timeouts: Timeouts | None = None,
    listener: Callable[[CallRecord], None] | None = None,
    permitted: Callable[[str], bool] = is_public_address,
    ports: Collection[int] = (443,),
    ca_file: Path | None = None,
) -> Iterator[bytes]:
    """Yield what an https link leads to, in pieces; no cookies, no tokens, no redirects, one attempt.

    The name is resolved once, every address is checked by `permitted`, and the connection goes to a checked address.
    Raises ForbiddenAddressError, NotSentError, AnswerLostError, MalformedAnswerError, RequestRefusedError.
    """
    from crm_bridge.transport.public import open_link  # here: the HTTP stack costs 100 ms

    return open_link(
        url,
        max_bytes=max_bytes,
        clock=clock,
        randomness=randomness,
        timeouts=timeouts or Timeouts(),
        listener=listener,
        permitted=permitted,
        ports=ports,
        ca_file=ca_file,
    )
