"""The one requests session: no redirects, no environment, no cookies, TLS verified, hosts allow-listed."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connectionpool import HTTPConnectionPool

from crm_bridge.transport.wire.attempt import current

USER_AGENT = "crm-bridge/0.1"


class _OursAreNotLogged(logging.Filter):
    """Drops what the libraries say while they work for us; what they do for others stays as it is."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return current.get() is None


_QUIET = _OursAreNotLogged()


def quiet_libraries() -> None:
    """Keep urllib3 and requests from logging our calls at any level: even their warnings quote URLs and answers."""
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in ("urllib3", "requests")]
    for name in known:
        logging.getLogger(name).addFilter(_QUIET)  # a second time changes nothing


class _Adapter(HTTPAdapter):
    """Mounts our pools and our TLS context; urllib3's own retries, which repeat DELETE, are off."""

    def __init__(self, context: ssl.SSLContext, pools: Mapping[str, type[HTTPConnectionPool]], size: int) -> None:
        self._context = context
        self._pools = dict(pools)
        super().__init__(pool_connections=8, pool_maxsize=size, max_retries=0, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._context, **pool_kwargs
        )
        self.poolmanager.pool_classes_by_scheme = self._pools

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:  # noqa: ARG002
        host_params, _kwargs = super().build_connection_pool_key_attributes(request, True)
        return host_params, {"ssl_context": self._context}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        # The context holds the authorities; naming a file here would load it again for every connection.
        conn.cert_reqs = "CERT_REQUIRED"


class CrmSession(requests.Session):
    """Adapter that every request of a connection goes through."""

    def __init__(
        self,
        *,
        check: Callable[[str], None],
        context: ssl.SSLContext,
        pools: Mapping[str, type[HTTPConnectionPool]],
        pool_size: int,
    ) -> None:
        """`check` raises for a forbidden address; `pool_size` is the number of connections per host."""
        super().__init__()
        quiet_libraries()
        self._check = check
        self.trust_env = False
        self.headers.clear()
        self.headers.update({"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Adapter(context, pools, pool_size))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send once, streaming, to an allowed host; whatever the caller asked for, these settings win."""
        self._check(request.url or "")
        fixed = {"allow_redirects": False, "verify": True, "proxies": {}, "stream": True, "cert": None}
        return super().send(request, **{**kwargs, **fixed})

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Never name a target: requests would read the whole body of the redirect to prepare the next call."""
        return
