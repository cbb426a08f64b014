"""A minimal caller of the emulator, in either generation of parameters: for tests and for trying things out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_fxiaoke.emulator.emulator import FxiaokeEmulator


@dataclass(slots=True)
class Probe:
    """Signs in once and posts; `user` is an employee id, `object_name` goes into `data` where none is given."""

    emulator: FxiaokeEmulator
    style: Literal["old", "new"] = "old"
    user: str = "1000"
    object_name: str = ""
    token: str = field(default="", repr=False)

    def sign_in(self) -> Probe:
        """Get a token of this probe's style."""
        app = self.emulator.gate.app
        body = {"appId": app.app_id, "appSecret": app.app_secret, "permanentCode": app.permanent_code}
        if self.style == "old":
            self.token = self.post("/cgi/corpAccessToken/get/V2", body)["corpAccessToken"]
        else:
            self.token = self.post("/oauth2.0/token", {**body, "grantType": "app_secret"})["accessToken"]
        return self

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Post JSON as it is and return the JSON answer."""
        answer: dict[str, Any] = json.loads(self.raw(path, json.dumps(body).encode(), headers).body)
        return answer

    def raw(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> WireResponse:
        """Post bytes as they are; the path may carry a query."""
        path, _mark, query = path.partition("?")
        return self.emulator.handle(WireRequest("POST", path, query, headers or {}, body))

    def credentials(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what this style puts into the body and into the headers."""
        world = self.emulator.world
        if self.style == "new":
            return {}, {"authorization": f"Bearer {self.token}", "x-fs-ea": world.ea, "x-fs-userid": self.user}
        person = world.employees[self.user].open_id
        return {"corpAccessToken": self.token, "corpId": world.corp_id, "currentOpenUserId": person}, {}

    def call(self, path: str, data: Mapping[str, Any] | None = None, **top: Any) -> dict[str, Any]:
        """Call signed in, with `data` and further keys at the top level."""
        body, headers = self.credentials()
        body |= top
        if data is not None:
            body["data"] = data
        return self.post(path, body, headers)

    def data(self, verb: str, family: str = "v2", top: Mapping[str, Any] | None = None, **data: Any) -> dict[str, Any]:
        """Call a data verb of a path family on this probe's object."""
        name = self.object_name or self.emulator.world.main_object
        return self.call(f"/cgi/crm/{family}/data/{verb}", {"dataObjectApiName": name, **data}, **(top or {}))

    def query(self, *filters: tuple[str, str, list[Any]], family: str = "v2", **info: Any) -> dict[str, Any]:
        """Query with filters as triples and further parts of `search_query_info`."""
        listed = [{"field_name": n, "operator": o, "field_values": v} for n, o, v in filters]
        return self.data("query", family, search_query_info={"filters": listed, **info})
