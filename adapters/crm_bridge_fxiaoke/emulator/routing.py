"""Which path is answered by what, and what a caller must bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_bridge.spi.emulator import WireResponse
from crm_bridge_fxiaoke.emulator.api import (
    approvals,
    files,
    legacy,
    logs,
    objects,
    people,
    reading,
    removing,
    team,
    writing,
)
from crm_bridge_fxiaoke.emulator.call import Call
from crm_bridge_fxiaoke.emulator.state.state import World

Handler = Callable[[World, Call], dict[str, Any] | WireResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """One path: its answer, whether somebody must act, whether only a CRM administrator may, and the wording."""

    handler: Handler
    user: bool = True
    admin: bool = False
    address_book: bool = False


def _data(prefix: str, verbs: Mapping[str, Handler], *, admin: bool = False) -> dict[str, Route]:
    return {f"{prefix}/{verb}": Route(handler, admin=admin) for verb, handler in verbs.items()}


_VERBS: Mapping[str, Handler] = {
    "query": reading.search,
    "get": reading.get,
    "create": writing.create,
    "update": writing.update,
    "invalid": removing.invalid,
    "recover": removing.recover,
    "delete": removing.delete,
    "changeOwner": writing.change_owner,
}
_FIND: Mapping[str, Handler] = {"findSimple": reading.find_simple, "findOne": reading.find_one}
_BOOK: Mapping[str, Handler] = {
    "user/getByMobile": people.by_mobile,
    "user/get": people.get,
    "user/list": people.listing,
    "user/simpleList": people.short_listing,
    "user/get/batchByUpdTime": people.changed,
    "department/list": people.departments,
    "department/detail": people.department,
}
_CRM: Mapping[str, Handler] = {
    "object/list": objects.listing,
    "object/describe": objects.describe,
    "object/lock": removing.lock,
    "object/unlock": removing.unlock,
    "object/getNewLogInfoListForWeb": logs.of_record,
    "file/getPresignedUrl": files.presign,
    "generatorFileUploadCredential": files.credential,
    "special/getInstanceInfoByObjectId": approvals.by_record,
    "special/approval/instance/cancel": approvals.cancel,
    "special/approval/task/action": approvals.act,
    "special/instance/progress": approvals.progress,
    "special/function": legacy.function,
}
_OLDER: Mapping[str, Handler] = {
    "object/approvalInstances/query": approvals.for_object,
    "approvalInstances/query": approvals.search,
    "approvalInstance/get": approvals.get,
    "approvalTask/action": approvals.act,
    "crmLog/query": logs.of_tenant,
    "team/get": team.get,
    "team/add": team.add,
    "team/edit": team.edit,
    "team/delete": team.remove,
}
_FIRST: Mapping[str, Handler] = {
    "object/list": legacy.object_list,
    "object/describe": legacy.describe,
    "data/query": legacy.search,
    "data/get": legacy.get,
    "data/create": legacy.create,
    "data/update": legacy.update,
    "data/drop": legacy.drop,
    "data/delete": legacy.delete,
    "data/changeOwner": legacy.change_owner,
}
_MEDIA: Mapping[str, Handler] = {
    "/media/upload": files.upload,
    "/media/download": files.download,
    "/media/delete": files.delete,
}

ROUTES: Mapping[str, Route] = {
    **_data("/cgi/crm/v2/data", _VERBS),
    **_data("/cgi/crm/custom/v2/data", {**_VERBS, **_FIND}),
    **_data("/cgi/crm/custom/data", {**_VERBS, "invalid": removing.invalid_many}, admin=True),
    **_data("/cgi/crm/v2", _CRM),
    **_data("/cgi/crm", _OLDER),
    **_data("/cgi/crm", _FIRST),
    **{f"/cgi/{path}": Route(handler, user=False, address_book=True) for path, handler in _BOOK.items()},
    **{path: Route(handler, user=False, address_book=True) for path, handler in _MEDIA.items()},
}
"""Every path but the token calls and the signed file addresses. Anything else is 10006."""
