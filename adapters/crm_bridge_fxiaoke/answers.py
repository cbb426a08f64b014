"""Answers that are no envelope: what a status other than 200 and a doubtful answer to a change mean."""

from __future__ import annotations

from crm_bridge.errors import AnswerLostError, CrmBridgeError, CrmError, NotSentError
from crm_bridge.i18n import _
from crm_bridge.transport import Response
from crm_bridge_fxiaoke.errors import VENDOR
from crm_bridge_fxiaoke.wire import Envelope, read_envelope


def no_file(answer: Response) -> CrmBridgeError:
    """Return the error for a download that was answered with a status of its own."""
    return bad_status(answer, "download")


def envelope_of(answer: Response, path: str) -> Envelope:
    """Return the envelope of a good answer; a status other than 2xx comes from a proxy and is an error by itself."""
    if answer.ok:
        return read_envelope(answer)
    raise bad_status(answer, path)


def bad_status(answer: Response, path: str) -> CrmError:
    """Return the error for a status that the gateway itself never gives."""
    return CrmError(
        _("the gateway answered {route} with HTTP status {status}").format(route=path, status=answer.status),
        reason="http_status",
        hint=_("the Open API itself always answers 200: look for a proxy, or try again later"),
        vendor=VENDOR,
        http_status=answer.status,
    )


def lost(path: str, doubtful: CrmError) -> CrmError:
    """Return what a doubtful answer to a change means: anything may have happened, unless nothing was sent."""
    if isinstance(doubtful, NotSentError | AnswerLostError):
        return doubtful
    return AnswerLostError(
        _("the answer to {route} cannot be trusted").format(route=path),
        reason=doubtful.reason,
        vendor=VENDOR,
        http_status=doubtful.http_status,
        request_id=doubtful.request_id,
    )
