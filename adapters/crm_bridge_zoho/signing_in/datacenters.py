"""Where Zoho lives: the accounts server and the API host of every data centre and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Environment(StrEnum):
    """A Zoho org's kind of deployment; tokens belong to one of them."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    DEVELOPER = "developer"


@dataclass(frozen=True, slots=True)
class DataCenter:
    """One Zoho region. `domain` is what follows `www.` in the API host."""

    accounts: str
    domain: str

    def api(self, environment: Environment) -> str:
        """Return the API origin of one environment."""
        host = "www" if environment is Environment.PRODUCTION else environment.value
        return f"https://{host}.{self.domain}"


# uk and ae are known from users' reports only; the others from Zoho's pages and SDKs. Canada's accounts server
# is not below zoho.ca.
DATA_CENTERS: Mapping[str, DataCenter] = MappingProxyType(
    {
        "us": DataCenter("https://accounts.zoho.com", "zohoapis.com"),
        "eu": DataCenter("https://accounts.zoho.eu", "zohoapis.eu"),
        "in": DataCenter("https://accounts.zoho.in", "zohoapis.in"),
        "au": DataCenter("https://accounts.zoho.com.au", "zohoapis.com.au"),
        "jp": DataCenter("https://accounts.zoho.jp", "zohoapis.jp"),
        "ca": DataCenter("https://accounts.zohocloud.ca", "zohoapis.ca"),
        "cn": DataCenter("https://accounts.zoho.com.cn", "zohoapis.com.cn"),
        "sa": DataCenter("https://accounts.zoho.sa", "zohoapis.sa"),
        "uk": DataCenter("https://accounts.zoho.uk", "zohoapis.uk"),
        "ae": DataCenter("https://accounts.zoho.ae", "zohoapis.ae"),
    }
)
