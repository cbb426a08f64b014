"""Connections as their adapters read them: settings checked, hosts known, the way out named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from crm_bridge.config import Config, ConnectionConfig, schema_error
from crm_bridge.errors import ConfigError
from crm_bridge.i18n import N_, _
from crm_bridge.registry import load_adapter
from crm_bridge.spi.spec import AdapterSpec, SecretItem
from crm_bridge.transport import AllowList, Network
from crm_bridge.transport.network import ENVIRONMENT, PROXY_PASSWORD, PROXY_USER, parse_proxy, proxy_of_environment

PROXY_SECRETS = (
    SecretItem(PROXY_USER, N_("user at the proxy, if it asks for one"), required=False),
    SecretItem(PROXY_PASSWORD, N_("password at the proxy, if it asks for one"), required=False),
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A connection whose settings were read by its adapter's own model."""

    config: ConnectionConfig
    spec: AdapterSpec
    settings: BaseModel
    origins: tuple[str, ...]
    network: Network = field(default_factory=Network)
    """The way out, without the proxy's credentials: those are read when a call needs them."""

    @property
    def loopback(self) -> bool:
        """Return whether this connection stays on this machine."""
        return AllowList(self.origins).all_loopback and self.network.stays_here

    @property
    def secrets(self) -> tuple[SecretItem, ...]:
        """Return the secrets that this connection may need: the CRM's, and its proxy's."""
        return (*self.spec.secrets, *(PROXY_SECRETS if self.network.proxy else ()))


def resolve(config: Config, connection: ConnectionConfig, *, environ: Mapping[str, str]) -> Resolved:
    """Let the adapter read a connection's settings. Raises ConfigError naming the line."""
    spec = load_adapter(connection.adapter)
    try:
        settings = spec.settings().model_validate(dict(connection.settings))
    except ValidationError as problem:
        raise schema_error(config.path, config.text, ("connections", connection.name), problem) from None
    resolved = Resolved(connection, spec, settings, spec.origins(settings), _network(connection, environ))
    if not resolved.network.stays_here and any(origin.startswith("http://") for origin in resolved.origins):
        raise ConfigError(
            _("{name}: plain http stays on this machine, and its proxy is on another one").format(name=connection.name),
            reason="plain_http",
            hint=_("take `proxy` out of the connection, or use https"),
        )
    return resolved


def _network(connection: ConnectionConfig, environ: Mapping[str, str]) -> Network:
    """Return the way out that a connection names; the environment counts only where it was asked for."""
    proxy, bypass = None, ""
    if connection.proxy == ENVIRONMENT:
        proxy, bypass = proxy_of_environment(environ)
    elif connection.proxy is not None:
        proxy = parse_proxy(connection.proxy)
    return Network(proxy, bypass, connection.ca_file, connection.ca_only, connection.tls_min)
