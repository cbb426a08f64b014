"""The vendor's regional clouds and their gateways; a private deployment has an address of its own."""

from __future__ import annotations

CLOUDS = {
    "fenxiang": "https://open.fxiaoke.com",
    "huawei": "https://open-hwcloud.fxiaoke.com",
    "aliyun": "https://open-ale.fxiaoke.com",
    "frankfurt": "https://open-hws.fxiaoke.com",
    "hongkong": "https://open-ksc.sharecrm.com",
    "north-america": "https://open-na.sharecrm.com",
}
HOSTS = tuple(url.removeprefix("https://") for url in CLOUDS.values())
