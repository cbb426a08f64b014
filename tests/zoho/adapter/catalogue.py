"""Zoho's error codes as they come over the wire, and what each has to become: written out, not computed.

`find` is the exit code when a listing is refused with the code, `delete` outcome and exit code when the deletion of one
contract is. A code that only signing in or writing meets has neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crm_bridge.spi.emulator import WireResponse


@dataclass(frozen=True)
class Row:
    """One code: HTTP status, details, and the ends it leads to."""

    status: int
    find: int
    delete: tuple[str, int]
    details: dict[str, Any] = field(default_factory=dict)
    per_record: bool = False
    """A delete names the record with it, in `data[]`; otherwise it speaks of the whole call."""


def wire(code: str, row: Row, record_id: str = "", key: str = "data") -> WireResponse:
    """Return the answer that says it, flat or about one record."""
    item = {"code": code.partition(":")[0], "details": row.details, "message": "text of the vendor", "status": "error"}
    if row.per_record and record_id:
        item["details"] = {**row.details, "id": record_id}
        return WireResponse.of_json({key: [item]}, row.status)
    return WireResponse.of_json(item, row.status)


HELD, REFUSED, WAITING = ("held", 3), ("refused", 3), "waiting"
SIGN_IN, FORBIDDEN = (WAITING, 1), (WAITING, 1)
PAUSED = (WAITING, 7)

TOKEN = {
    "invalid_code": 200,
    "invalid_client": 200,
    "invalid_client_secret": 200,
    "invalid_redirect_uri": 200,
    "invalid_scope": 200,
    "general_error": 200,
    "access_denied": 200,
    "Access Denied": 400,
}
"""Codes of the token endpoint with their HTTP status; each ends a command with 1."""

ROWS: dict[str, Row] = {
    "INVALID_TOKEN": Row(401, 1, SIGN_IN),
    "INVALID_OAUTHTOKEN": Row(401, 1, SIGN_IN),
    "AUTHENTICATION_FAILURE": Row(401, 1, SIGN_IN),
    "OAUTH_SCOPE_MISMATCH": Row(401, 1, FORBIDDEN),
    "NO_PERMISSION": Row(403, 1, FORBIDDEN, {"permissions": ["Crm_Implied_Delete_CustomModule3"]}),
    "AUTHORIZATION_FAILED": Row(400, 1, HELD, per_record=True),
    "NOT_SUPPORTED": Row(403, 1, FORBIDDEN),
    "FEATURE_NOT_SUPPORTED": Row(400, 1, FORBIDDEN),
    "NOT_ALLOWED": Row(400, 1, FORBIDDEN),
    "INVALID_MODULE": Row(400, 2, PAUSED, {"resource_path_index": 0}),
    "TERRITORY_NOT_ENABLED": Row(400, 1, REFUSED),
    "INVALID_DATA": Row(400, 1, HELD, per_record=True),
    "RECORD_NOT_FOUND": Row(404, 1, HELD, per_record=True),
    "ENTITY_ID_INVALID": Row(400, 1, HELD, per_record=True),
    "RECORD_LOCKED": Row(400, 1, HELD, {"action": "record_locking"}, per_record=True),
    "NOT_APPROVED": Row(400, 1, HELD, per_record=True),
    "NOT_REVIEWED": Row(400, 1, HELD, per_record=True),
    "RECORD_LOCKED:job": Row(400, 1, HELD, {"action": "merge"}, per_record=True),
    "RECORD_IN_BLUEPRINT": Row(400, 1, HELD, per_record=True),
    "CANNOT_DELETE": Row(400, 1, REFUSED, per_record=True),
    "CANNOT_PERFORM_ACTION": Row(400, 1, REFUSED, per_record=True),
    "CANNOT_PROCESS": Row(400, 1, REFUSED, per_record=True),
    "CONVERTED_RECORD": Row(400, 1, REFUSED, per_record=True),
    "ID_ALREADY_CONVERTED": Row(400, 1, REFUSED, per_record=True),
    "ALREADY_MODIFIED": Row(412, 1, REFUSED, per_record=True),
    "CANNOT_RESTORE_WITHOUT_PARENT": Row(400, 1, REFUSED, per_record=True),
    "INVALID_HOST": Row(400, 1, PAUSED),
    "REQUIRED_PARAM_MISSING": Row(400, 1, REFUSED, {"param_name": "ids"}),
    "EXPECTED_PARAM_MISSING": Row(400, 1, REFUSED),
    "MANDATORY_NOT_FOUND": Row(400, 1, REFUSED, {"api_name": "Name", "json_path": "$.data[0].Name"}),
    "EXPECTED_FIELD_MISSING": Row(400, 1, REFUSED),
    "DEPENDENT_FIELD_MISSING": Row(400, 1, REFUSED),
    "EXPECTED_DEPENDENT_FIELD_MISSING": Row(400, 1, REFUSED),
    "UNABLE_TO_PARSE_DATA_TYPE": Row(400, 1, REFUSED),
    "PATTERN_NOT_MATCHED": Row(400, 1, REFUSED),
    "BAD_REQUEST": Row(400, 1, REFUSED),
    "INVALID_REQUEST": Row(400, 1, REFUSED),
    "INVALID_QUERY": Row(400, 2, REFUSED, {"column_name": "End_Date", "operator": "like"}),
    "SYNTAX_ERROR": Row(400, 2, REFUSED, {"near": "where"}),
    "INVALID_ALIAS": Row(400, 2, REFUSED, {"alias": "n"}),
    "LIMIT_EXCEEDED": Row(400, 1, REFUSED, {"limit": 100}),
    "LIMIT_REACHED": Row(400, 1, REFUSED, {"limit": 2000}),
    "DISCRETE_PAGINATION_LIMIT_EXCEEDED": Row(400, 1, REFUSED, {"limit": 2000}),
    "PAGINATION_LIMIT_EXCEEDED": Row(400, 1, REFUSED, {"limit": 100000}),
    "TOKEN_BOUND_DATA_MISMATCH": Row(400, 1, REFUSED, {"param_name": "page_token"}),
    "EXPIRED_VALUE": Row(400, 1, REFUSED, {"param_name": "page_token"}),
    "AMBIGUITY_DURING_PROCESSING": Row(400, 1, REFUSED),
    "DUPLICATE_DATA": Row(400, 1, REFUSED, {"api_name": "External_Id"}),
    "MULTIPLE_OR_MULTI_ERRORS": Row(400, 1, REFUSED),
    "ALREADY_USED": Row(400, 1, REFUSED),
    "MAPPING_MISMATCH": Row(400, 1, REFUSED),
    "DATA_MISMATCH": Row(400, 1, REFUSED),
    "DEPENDENT_MISMATCH": Row(400, 1, REFUSED),
    "DEPENDENT_SERVICE_ERROR": Row(400, 1, HELD),
    "API_NOT_SUPPORTED": Row(400, 1, REFUSED, {"supported_version": 8}),
    "INVALID_REQUEST_METHOD": Row(400, 1, REFUSED),
    "INVALID_URL_PATTERN": Row(404, 1, REFUSED),
    "RESOURCE_NOT_FOUND": Row(404, 1, HELD),
    "NOT_FOUND": Row(404, 1, HELD),
    "BODY_SIZE_REACHED": Row(413, 1, REFUSED),
    "FILE_SIZE_MORE_THAN_ALLOWED_SIZE": Row(413, 1, REFUSED),
    "MEDIA_TYPE_NOT_SUPPORTED": Row(415, 1, REFUSED),
    "STORAGE_SPACE_EXCEEDED": Row(400, 1, REFUSED),
    "ALREADY_SCHEDULED": Row(400, 1, HELD, {"api_name": "cvid"}),
    "NO_RECORDS_FOUND": Row(400, 1, HELD),
    "TOO_MANY_REQUESTS": Row(429, 1, PAUSED),
    "RATE_LIMIT_EXCEEDED": Row(429, 1, PAUSED),
    "REQUEST_LIMIT_EXCEEDED": Row(429, 1, PAUSED),
    "INTERNAL_ERROR": Row(500, 1, HELD),
    "INTERNAL_SERVER_ERROR": Row(500, 1, HELD),
    "SERVICE_UNAVAILABLE": Row(503, 1, HELD),
    "PROCESSING_ERROR": Row(500, 1, HELD),
}
