"""The `[notify]` table of the configuration: channels, who is told, and how much of a contract a message may name."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from crm_bridge.i18n import _
from crm_bridge.transport.origins import is_loopback

ChannelName = Annotated[str, StringConstraints(pattern=r"^\w[\w-]{0,31}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;:\"]{1,64}@[^\s@<>,;:\"]{1,190}$")]
ContractField = Literal["number", "title", "customer", "status", "amount", "owner"]
_HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)(?: (\S+))?")


class ChannelTable(BaseModel):
    """One `[notify.channels.NAME]` table. Addresses of webhooks are secrets, as are passwords: they stand elsewhere."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["smtp", "webhook", "dingtalk", "wecom", "feishu", "apprise"]
    language: Literal["en", "zh"] = "en"
    secrets_env: dict[str, str] = Field(default_factory=dict)
    ca_file: str | None = None
    host: str = ""
    port: int = Field(default=465, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    sender: Address | None = None
    to: list[Address] = Field(default_factory=list)
    """Get every contract of a run."""
    owners: dict[str, Address] = Field(default_factory=dict)
    """Owner, as the CRM names one -> address that gets the contracts of this owner."""

    @model_validator(mode="after")
    def _can_send(self) -> ChannelTable:
        if self.kind != "smtp":
            return self
        if not self.host or not self.sender:
            raise ValueError(_("smtp needs host and sender"))
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError(_("mail without TLS stays on this machine: security = tls or starttls"))
        return self


class NotifyTable(BaseModel):
    """The `[notify]` table."""

    model_config = ConfigDict(extra="forbid")

    show: list[ContractField] = ["number"]
    """What of a contract a message may name beside its id and what became of it."""
    quiet_hours: str = ""
    """`20:00-08:00 Asia/Shanghai`: messages wait in the outbox meanwhile; without a zone, UTC."""
    templates: str | None = None
    """Folder with templates of your own, relative to the state directory."""
    channels: dict[ChannelName, ChannelTable] = Field(default_factory=dict)

    @field_validator("quiet_hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        if value:
            _parse_hours(value)
        return value

    def quiet(self, now: datetime) -> bool:
        """Return whether no message may leave now."""
        if not self.quiet_hours:
            return False
        begin, end, zone = _parse_hours(self.quiet_hours)
        local = now.astimezone(zone).time()
        return begin <= local < end if begin <= end else local >= begin or local < end


def _parse_hours(text: str) -> tuple[time, time, ZoneInfo]:
    found = _HOURS.fullmatch(text.strip())
    try:
        if found is not None:
            return time.fromisoformat(found[1]), time.fromisoformat(found[2]), ZoneInfo(found[3] or "UTC")
    except (ValueError, ZoneInfoNotFoundError):
        pass
    raise ValueError(_("quiet hours are written as 20:00-08:00 Asia/Shanghai"))
