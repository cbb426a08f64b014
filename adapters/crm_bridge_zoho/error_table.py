"""Zoho's error codes as data: what each means, whether anything was done, and what the user should do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import N_
from crm_bridge.spi.spec import ErrorRow

DOCS = "Zoho CRM API v8 documentation"
OAS25 = "Zoho OpenAPI files, June 2025"
OAS26 = "Zoho OpenAPI files, 2026"
ACCOUNTS = "Zoho OAuth 2.0 documentation"
USERS = "reports of API users"

_OURS = N_("this is a fault of the adapter: report it with the code and the request id")
_RETRY = N_("wait, then `crm-bridge resume`; the run keeps its state")
_OPEN = N_("nothing is repeated blindly; `crm-bridge resume` looks what became of it")
_SIGN_IN = N_("sign in again: `crm-bridge login`; check the data centre too, a wrong one gives the same answer")
_WHOSE = N_("it is looked up; where nothing says who deleted or merged it, the receipt says that")
_FIELDS = N_("look at the details: a value of the record does not fit the module any more")

ROWS: tuple[ErrorRow, ...] = (
    # the token endpoint answers HTTP 200 with {"error": ...}
    ErrorRow("invalid_code", Reason.SIGNED_OUT, "no", False, N_("Zoho access was withdrawn or has expired"),
             N_("connect again: `crm-bridge login`"), ACCOUNTS),
    ErrorRow("Access Denied", Reason.RATE_LIMITED, "no", True, N_("too many sign-ins in a short time"),
             N_("wait at least 10 minutes; trying sooner prolongs the lock-out"), USERS),
    ErrorRow("invalid_client", Reason.SIGNED_OUT, "no", False, N_("Zoho does not know this client id"),
             N_("check the client id and the data centre of the connection"), ACCOUNTS),
    ErrorRow("invalid_client_secret", Reason.SIGNED_OUT, "no", False, N_("the client secret is wrong"),
             N_("check the client secret and the data centre of the connection"), ACCOUNTS),
    ErrorRow("invalid_redirect_uri", Reason.SIGNED_OUT, "no", False, N_("the redirect address is not registered"),
             N_("enter the redirect address shown by `crm-bridge login` in Zoho's API console"), ACCOUNTS),
    ErrorRow("invalid_scope", Reason.PERMISSION, "no", False, N_("Zoho does not know one of the scopes"),
             N_("check the scopes that were asked for"), ACCOUNTS),
    ErrorRow("general_error", Reason.REFUSED, "no", True, N_("Zoho's accounts server failed"), _RETRY, ACCOUNTS),
    ErrorRow("access_denied", Reason.SIGNED_OUT, "no", False, N_("the sign-in was refused on Zoho's page"),
             N_("sign in again and accept"), ACCOUNTS),
    # 401
    ErrorRow("INVALID_TOKEN", Reason.SIGNED_OUT, "no", True, N_("the sign-in has expired or belongs elsewhere"),
             _SIGN_IN, DOCS),
    ErrorRow("INVALID_OAUTHTOKEN", Reason.SIGNED_OUT, "no", True, N_("Zoho dropped the access token"),
             N_("another program may be using this connection's refresh token; sign in again"), DOCS),
    ErrorRow("AUTHENTICATION_FAILURE", Reason.SIGNED_OUT, "no", False, N_("Zoho found no usable access token"),
             _SIGN_IN, DOCS),
    ErrorRow("OAUTH_SCOPE_MISMATCH", Reason.SCOPE, "no", False, N_("the sign-in lacks a scope"),
             N_("sign in again with the scopes that `crm-bridge adapters show zoho` lists"), DOCS),
    # rights
    ErrorRow("NO_PERMISSION", Reason.PERMISSION, "no", False, N_("your Zoho profile lacks a right for this module"),
             N_("ask a Zoho administrator for the right (Delete, or Mass Delete for the fast path)"), DOCS),
    ErrorRow("AUTHORIZATION_FAILED", Reason.PERMISSION, "no", False, N_("you may see this record but not delete it"),
             N_("its owner, somebody above in the role tree, or an administrator can do it"), DOCS),
    ErrorRow("NOT_SUPPORTED", Reason.NOT_SUPPORTED, "no", False,
             N_("Zoho does not support this for the user or module"),
             N_("an administrator's sign-in or another edition may be needed"), DOCS),
    ErrorRow("FEATURE_NOT_SUPPORTED", Reason.NOT_SUPPORTED, "no", False, N_("not available in this edition or module"),
             N_("check the edition of the Zoho account"), OAS25),
    ErrorRow("NOT_ALLOWED", Reason.NOT_SUPPORTED, "no", False, N_("not enabled in this Zoho account"),
             N_("an administrator can enable it in Zoho's setup"), OAS25),
    ErrorRow("INVALID_MODULE", Reason.MODULE, "no", False, N_("the module is not found or hidden from your profile"),
             N_("check `module` of the connection; the API name may have been changed"), DOCS),
    ErrorRow("TERRITORY_NOT_ENABLED", Reason.INVALID, "no", False, N_("territories are not enabled"), _FIELDS, OAS25),
    # the record
    ErrorRow("INVALID_DATA", Reason.NOT_FOUND, "unknown", False,
             N_("a value or an id does not fit, or the record is gone"),
             N_("it is looked up before anything else is done"), DOCS),
    ErrorRow("RECORD_NOT_FOUND", Reason.NOT_FOUND, "unknown", False,
             N_("the record is gone: deleted, merged into another one, or converted"), _WHOSE, USERS),
    ErrorRow("ENTITY_ID_INVALID", Reason.NOT_FOUND, "unknown", False,
             N_("the record is gone: deleted, merged into another one, or converted"), _WHOSE, USERS),
    ErrorRow("RECORD_LOCKED", Reason.LOCKED, "no", False, N_("the record is locked"),
             N_("whoever locked it, or an administrator, can unlock it in Zoho or by its API if that is meant"), DOCS),
    ErrorRow("RECORD_LOCKED:job", Reason.IN_PROCESS, "no", False,
             N_("a merge or an image check of Zoho holds the record"),
             N_("wait until it has ended, then plan again"), DOCS),
    ErrorRow("NOT_APPROVED", Reason.IN_APPROVAL, "no", False, N_("the record waits for an approval or was rejected"),
             N_("finish the approval in Zoho, or withdraw it"), DOCS),
    ErrorRow("NOT_REVIEWED", Reason.IN_APPROVAL, "no", False, N_("the record waits for a review"),
             N_("finish the review in Zoho"), OAS25),
    ErrorRow("RECORD_IN_BLUEPRINT", Reason.IN_PROCESS, "no", False, N_("the record is in a blueprint process"),
             N_("finish the process in Zoho first"), OAS25),
    ErrorRow("CANNOT_DELETE", Reason.REFUSED, "no", False, N_("Zoho refuses to delete this record"),
             N_("look at the record in Zoho: it is protected there"), OAS25),
    ErrorRow("CANNOT_PERFORM_ACTION", Reason.REFUSED, "no", False, N_("Zoho refuses this action on the record"),
             N_("look at the record in Zoho: it is protected there"), OAS25),
    ErrorRow("CANNOT_PROCESS", Reason.REFUSED, "no", False, N_("Zoho cannot process this record"),
             N_("look at the record in Zoho: it is protected there"), OAS25),
    ErrorRow("CONVERTED_RECORD", Reason.REFUSED, "no", False, N_("the record was converted"),
             N_("converted records cannot be changed in Zoho"), OAS25),
    ErrorRow("ID_ALREADY_CONVERTED", Reason.REFUSED, "no", False, N_("the record was converted before"),
             N_("converted records cannot be changed in Zoho"), OAS25),
    ErrorRow("ALREADY_MODIFIED", Reason.CHANGED, "no", False, N_("the record was changed meanwhile"),
             N_("look at it again and make a new plan"), DOCS),
    ErrorRow("CANNOT_RESTORE_WITHOUT_PARENT", Reason.PARENT_IN_BIN, "no", False, N_("its parent is still in the bin"),
             N_("restore the parent record first"), OAS25),
    # the request
    ErrorRow("INVALID_HOST", Reason.PATH, "no", False, N_("this address is not the one of your Zoho account"),
             N_("check data_center, environment and api_url of the connection: since v2.1 only the account's own "
                "API domain answers"), OAS26),
    ErrorRow("REQUIRED_PARAM_MISSING", Reason.INVALID, "no", False, N_("a parameter is missing"), _OURS, DOCS),
    ErrorRow("EXPECTED_PARAM_MISSING", Reason.INVALID, "no", False, N_("a parameter is missing"), _OURS, DOCS),
    ErrorRow("MANDATORY_NOT_FOUND", Reason.INVALID, "no", False, N_("a mandatory field has no value"),
             N_("the module demands a field that the record did not have; relax it in Zoho or add a value"), DOCS),
    ErrorRow("EXPECTED_FIELD_MISSING", Reason.INVALID, "no", False,
             N_("a field of the request is missing"), _OURS, OAS26),
    ErrorRow("DEPENDENT_FIELD_MISSING", Reason.INVALID, "no", False, N_("a field that another one needs is missing"),
             _FIELDS, OAS25),
    ErrorRow("EXPECTED_DEPENDENT_FIELD_MISSING", Reason.INVALID, "no", False,
             N_("a field that another one needs is missing"), _FIELDS, OAS25),
    ErrorRow("UNABLE_TO_PARSE_DATA_TYPE", Reason.INVALID, "no", False,
             N_("Zoho could not read the request"), _OURS, DOCS),
    ErrorRow("PATTERN_NOT_MATCHED", Reason.INVALID, "no", False, N_("a value has the wrong form"), _OURS, DOCS),
    ErrorRow("BAD_REQUEST", Reason.INVALID, "no", False, N_("Zoho could not read the request"), _OURS, DOCS),
    ErrorRow("INVALID_REQUEST", Reason.INVALID, "no", False, N_("Zoho could not read the request"), _OURS, OAS25),
    ErrorRow("INVALID_QUERY", Reason.FILTER, "no", False, N_("Zoho does not understand the filter"),
             N_("change the condition on the field that is named"), DOCS),
    ErrorRow("SYNTAX_ERROR", Reason.FILTER, "no", False, N_("Zoho does not understand the query"),
             N_("make the filter simpler"), DOCS),
    ErrorRow("INVALID_ALIAS", Reason.FILTER, "no", False, N_("Zoho does not understand the query"), _OURS, OAS26),
    ErrorRow("LIMIT_EXCEEDED", Reason.TOO_MANY, "no", False, N_("too much was asked for in one call"),
             N_("the adapter asks again in smaller pieces"), DOCS),
    ErrorRow("LIMIT_REACHED", Reason.TOO_MANY, "no", False, N_("the word search ends at 2,000 records"),
             N_("use a filter instead of words, or narrower words"), DOCS),
    ErrorRow("DISCRETE_PAGINATION_LIMIT_EXCEEDED", Reason.TOO_MANY, "no", False, N_("the list ends at 2,000 records"),
             _OURS, DOCS),
    ErrorRow("PAGINATION_LIMIT_EXCEEDED", Reason.TOO_MANY, "no", False, N_("the list ends at 100,000 records"),
             _OURS, DOCS),
    ErrorRow("TOKEN_BOUND_DATA_MISMATCH", Reason.RESTART, "no", False, N_("the page token does not fit the query"),
             N_("start the listing again"), DOCS),
    ErrorRow("EXPIRED_VALUE", Reason.RESTART, "no", False, N_("the page token has expired"),
             N_("start the listing again"), DOCS),
    ErrorRow("AMBIGUITY_DURING_PROCESSING", Reason.INVALID, "no", False,
             N_("parameters exclude each other"), _OURS, DOCS),
    ErrorRow("DUPLICATE_DATA", Reason.DUPLICATE, "no", False,
             N_("a value that must be unique is taken by another record"),
             N_("look at the record that holds the value; it may be an earlier copy"), DOCS),
    ErrorRow("MULTIPLE_OR_MULTI_ERRORS", Reason.INVALID, "no", False, N_("several values do not fit"), _FIELDS, OAS26),
    ErrorRow("ALREADY_USED", Reason.INVALID, "no", False, N_("the value is in use"), _FIELDS, OAS25),
    ErrorRow("MAPPING_MISMATCH", Reason.INVALID, "no", False,
             N_("dependent values do not fit each other"), _FIELDS, OAS25),
    ErrorRow("DATA_MISMATCH", Reason.INVALID, "no", False, N_("values do not fit each other"), _FIELDS, OAS25),
    ErrorRow("DEPENDENT_MISMATCH", Reason.INVALID, "no", False, N_("dependent values do not fit each other"),
             _FIELDS, OAS25),
    ErrorRow("DEPENDENT_SERVICE_ERROR", Reason.UNAVAILABLE, "unknown", True, N_("a service behind Zoho failed"),
             _OPEN, OAS25),
    ErrorRow("API_NOT_SUPPORTED", Reason.INVALID, "no", False, N_("Zoho does not offer this in this API version"),
             _OURS, OAS25),
    ErrorRow("INVALID_REQUEST_METHOD", Reason.INVALID, "no", False,
             N_("Zoho does not take this verb here"), _OURS, DOCS),
    ErrorRow("INVALID_URL_PATTERN", Reason.INVALID, "no", False, N_("Zoho does not know this path"), _OURS, DOCS),
    ErrorRow("RESOURCE_NOT_FOUND", Reason.NOT_FOUND, "unknown", False, N_("the job or file is gone"),
             N_("start the job again"), DOCS),
    ErrorRow("NOT_FOUND", Reason.NOT_FOUND, "unknown", False, N_("the job or file is gone"),
             N_("start the job again"), OAS26),
    ErrorRow("BODY_SIZE_REACHED", Reason.TOO_LARGE, "no", False, N_("the upload is too large for Zoho"),
             N_("the file stays in the vault; upload it by other means"), OAS26),
    ErrorRow("FILE_SIZE_MORE_THAN_ALLOWED_SIZE", Reason.TOO_LARGE, "no", False, N_("the file is too large for Zoho"),
             N_("the file stays in the vault; upload it by other means"), OAS26),
    ErrorRow("MEDIA_TYPE_NOT_SUPPORTED", Reason.INVALID, "no", False, N_("Zoho does not take this content type"),
             _OURS, DOCS),
    ErrorRow("STORAGE_SPACE_EXCEEDED", Reason.REFUSED, "no", False, N_("Zoho's storage is full"),
             N_("free space in Zoho, then resume"), OAS25),
    # jobs and limits
    ErrorRow("ALREADY_SCHEDULED", Reason.BUSY, "no", True, N_("another job of this kind is running"), _RETRY, OAS26),
    ErrorRow("NO_RECORDS_FOUND", Reason.NOT_FOUND, "unknown", False, N_("there is nothing to delete"),
             N_("look again with `crm-bridge find`"), OAS26),
    ErrorRow("TOO_MANY_REQUESTS", Reason.RATE_LIMITED, "no", True,
             N_("Zoho's limit of calls is reached"), _RETRY, DOCS),
    ErrorRow("RATE_LIMIT_EXCEEDED", Reason.RATE_LIMITED, "no", True, N_("Zoho's limit of calls is reached"),
             _RETRY, OAS26),
    ErrorRow("REQUEST_LIMIT_EXCEEDED", Reason.RATE_LIMITED, "no", True, N_("Zoho's limit of calls is reached"),
             _RETRY, USERS),
    ErrorRow("INTERNAL_ERROR", Reason.UNAVAILABLE, "unknown", True, N_("Zoho failed"), _OPEN, DOCS),
    ErrorRow("INTERNAL_SERVER_ERROR", Reason.UNAVAILABLE, "unknown", True, N_("Zoho failed"), _OPEN, OAS26),
    ErrorRow("SERVICE_UNAVAILABLE", Reason.UNAVAILABLE, "unknown", True, N_("Zoho is unavailable"), _OPEN, DOCS),
    ErrorRow("PROCESSING_ERROR", Reason.UNAVAILABLE, "unknown", True, N_("Zoho failed"), _OPEN, USERS),
)  # fmt: skip

BY_CODE: Mapping[str, ErrorRow] = MappingProxyType({row.code: row for row in ROWS})

RECORD_LEVEL = frozenset(
    {
        "AUTHORIZATION_FAILED",
        "CANNOT_DELETE",
        "CANNOT_PERFORM_ACTION",
        "CANNOT_PROCESS",
        "CONVERTED_RECORD",
        "ENTITY_ID_INVALID",
        "ID_ALREADY_CONVERTED",
        "INVALID_DATA",
        "NOT_APPROVED",
        "NOT_REVIEWED",
        "RECORD_IN_BLUEPRINT",
        "RECORD_LOCKED",
        "RECORD_NOT_FOUND",
    }
)
"""Codes about one record: said flat about a batch of several, they leave open which record is meant."""
