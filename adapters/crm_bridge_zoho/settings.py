"""The settings of one Zoho connection, checked once."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crm_bridge.domain.contract import CONTRACT_FIELDS
from crm_bridge.i18n import _
from crm_bridge_zoho.signing_in.datacenters import DATA_CENTERS, Environment

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ZohoSettings(BaseModel):
    """Which Zoho org to talk to, and the switches the adapter relies on. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    data_center: Literal["us", "eu", "in", "au", "jp", "ca", "cn", "sa", "uk", "ae"] | None = None
    environment: Environment = Environment.PRODUCTION
    accounts_url: str | None = None
    api_url: str | None = None
    module: str | None = None
    """API name of the contract module, in any case: the name that the metadata tells is used."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Canonical contract field -> API name in the module; what is not named is discovered."""
    missing_fields: Literal["unknown", "empty"] = "unknown"
    """What a field means that a record lacks, where nothing shows it to be empty: not known, or empty."""
    edition: Literal["free", "standard", "professional", "enterprise", "ultimate"] | None = None
    """The edition, if it is another one than the licence says: it bounds the calls in flight."""
    marker_field: str | None = None
    """A text field that may carry the mark of a re-created contract; a note carries it otherwise."""
    coql_in_list: int = Field(default=50, ge=1, le=100)
    coql_groups: int = Field(default=20, ge=1, le=24)
    """How many in-lists one query may hold; Zoho allows 25 conditions."""
    coql_limit: int = Field(default=2000, ge=1, le=2000)
    delete_batch: int = Field(default=100, ge=1, le=100)
    bin_settle_seconds: int = Field(default=60, ge=0, le=900)
    """How long to look for a restore that Zoho only scheduled."""

    @field_validator("accounts_url", "api_url")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        return value if value is None else checked_origin(value)

    @field_validator("fields")
    @classmethod
    def _knows_fields(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - set(CONTRACT_FIELDS))
        if unknown:
            raise ValueError(_("{name} is not a contract field").format(name=", ".join(unknown)))
        return value

    @model_validator(mode="after")
    def _has_address(self) -> ZohoSettings:
        if (self.accounts_url is None) != (self.api_url is None):
            raise ValueError(_("accounts_url and api_url belong together"))
        if self.data_center is None and self.api_url is None:
            raise ValueError(_("data_center is missing (one of {names})").format(names=", ".join(DATA_CENTERS)))
        return self

    @property
    def accounts_origin(self) -> str:
        """Return where tokens come from."""
        return self.accounts_url or DATA_CENTERS[self.data_center or "us"].accounts

    @property
    def api_origin(self) -> str:
        """Return where the CRM answers."""
        return self.api_url or DATA_CENTERS[self.data_center or "us"].api(self.environment)


def checked_origin(url: str) -> str:
    """Return scheme, host and port of `url`; plain http is for this machine only. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError(_("{url} is not an address like https://host").format(url=url))
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(_("{url} has more than scheme, host and port").format(url=url))
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(_("{url}: plain http is allowed for this machine only").format(url=url))
    return f"{parts.scheme}://{parts.netloc}"


def origins(settings: BaseModel) -> tuple[str, ...]:
    """Return the only origins that this connection may talk to."""
    if not isinstance(settings, ZohoSettings):
        raise TypeError("not the settings of a Zoho connection")
    return tuple(dict.fromkeys((settings.accounts_origin, settings.api_origin)))
