"""The shapes of Zoho's answers: the error envelope, item results, pages, nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from crm_bridge.spi.emulator import WireResponse

Json = dict[str, Any]

EMPTY = WireResponse(204)
NOT_MODIFIED = WireResponse(304)


class ApiError(Exception):
    """A request that is refused: code, message and details of the envelope; `wrap` puts it inside that array."""

    def __init__(
        self, code: str, message: str, details: Mapping[str, Any] | None = None, *, status: int = 400, wrap: str = ""
    ) -> None:
        """Keep what the answer needs."""
        super().__init__(code)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.status = status
        self.wrap = wrap

    def envelope(self) -> Json:
        """Return the flat envelope."""
        return envelope(self.code, self.message, self.details)

    def answer(self) -> WireResponse:
        """Return the whole answer."""
        body: Any = {self.wrap: [self.envelope()]} if self.wrap else self.envelope()
        return WireResponse.of_json(body, self.status)


def envelope(code: str, message: str, details: Mapping[str, Any], status: str = "error") -> Json:
    """Return code, details, message and status in Zoho's order."""
    return {"code": code, "details": dict(details), "message": message, "status": status}


def success(message: str, details: Mapping[str, Any], code: str = "SUCCESS") -> Json:
    """Return the result of one item that worked."""
    return envelope(code, message, details, "success")


def ok(value: Any, status: int = 200) -> WireResponse:
    """Return a JSON answer."""
    return WireResponse.of_json(value, status)


def items(key: str, results: Sequence[Json], *, mixed: int, failed: int, done: int = 200) -> WireResponse:
    """Return per-item results with the status for all done, some failed or all failed."""
    good = sum(result["status"] == "success" for result in results)
    status = done if good == len(results) else (mixed if good else failed)
    return ok({key: list(results)}, status)


def download(name: str, content: bytes) -> WireResponse:
    """Return bytes with the file name as RFC 5987 writes it."""
    disposition = f"attachment;filename*=UTF-8''{quote(name)}"
    headers = (("Content-Type", "application/x-download;charset=UTF-8"), ("Content-Disposition", disposition))
    return WireResponse(200, headers, content)


def param_missing(name: str) -> ApiError:
    """A mandatory parameter is missing."""
    return ApiError("REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": name})


def invalid_module(index: int = 0) -> ApiError:
    """The module does not exist, is hidden, or is not in the API."""
    return ApiError("INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": index})


def invalid_id(index: int = 1) -> ApiError:
    """An id of impossible form."""
    return ApiError("INVALID_DATA", "the id given seems to be invalid", {"resource_path_index": index})


def invalid_data(details: Mapping[str, Any], message: str = "invalid data") -> ApiError:
    """A value that does not fit."""
    return ApiError("INVALID_DATA", message, details)


def invalid_param(name: str) -> ApiError:
    """A parameter whose value does not fit."""
    return invalid_data({"param_name": name}, f"the {name} given seems to be invalid")


def no_permission(permission: str, message: str = "permission denied") -> ApiError:
    """The profile of the user lacks a right."""
    return ApiError("NO_PERMISSION", message, {"permissions": [permission]}, status=403)


def field_missing(name: str, details: Mapping[str, Any] | None = None) -> ApiError:
    """A mandatory key of the body is missing."""
    return ApiError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": name, **(details or {})})
