"""Two pools per connection: one for what may be repeated, one without idle connections for what may not."""

from __future__ import annotations

from crm_bridge.clock import Clock
from crm_bridge.transport.calls import Call
from crm_bridge.transport.connections import pools, pools_without_idle
from crm_bridge.transport.network import Network
from crm_bridge.transport.origins import AllowList
from crm_bridge.transport.session import CrmSession


class Sessions:
    """Builds both sessions; sockets are opened only when a call needs one."""

    def __init__(self, *, allowed: AllowList, clock: Clock, pool_size: int, network: Network) -> None:
        """`pool_size` is the number of connections per host, at least the calls in flight."""
        context = network.context()
        self._reading = CrmSession(check=allowed.check, context=context, pools=pools(network), pool_size=pool_size)
        self._changing = CrmSession(
            check=allowed.check,
            context=context,
            pools=pools_without_idle(network, clock.monotonic),
            pool_size=pool_size,
        )

    def for_call(self, call: Call) -> CrmSession:
        """Return the session whose pool fits the call's purpose."""
        return self._changing if call.purpose.changes_the_crm else self._reading

    def close(self) -> None:
        """Close both pools."""
        self._reading.close()
        self._changing.close()
