"""What 纷享销客's error codes mean: the return-code table, and the deviations that were observed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm_bridge.domain.reasons import Reason
from crm_bridge.i18n import N_
from crm_bridge.redaction import quoted
from crm_bridge.spi.spec import ErrorRow

_TABLE = "developer.fxiaoke.com, global return codes"
_PROBED = "observed answers of the gateway"
_CLIENTS = "observed by public clients"

CHECK_SECRETS = N_("check app_id, app_secret and permanent_code of this connection")
CHECK_USER = N_("check operator_id or operator_mobile of this connection: the acting user must be an active employee")
ASK_ADMIN = N_("ask the CRM administrator to give the app and its acting user this right")
ASK_ALLOW_LIST = N_(
    "ask the CRM administrator: the app's IP allow-list must hold this machine's address, and its rights this interface"
)
ASK_APP = N_("ask the CRM administrator: the app must be switched on, authorised, and in developer mode")
REPORT = N_("the request was not understood: report this with code and trace id")
WAIT_WINDOW = N_("wait 20 seconds, then resume; each interface takes 100 calls per 20 seconds")
LOOK_FIRST = N_("look at the record before doing anything again: it may have been done")
TRY_LATER = N_("wait and try again; a write must be looked at first")
BUY_QUOTA = N_("buy an Open API resource pack, or ask the CRM administrator whether it was assigned to this tenant")
WAIT_DAY = N_("resume after midnight (Beijing time), when the daily quota starts anew")
UNLOCK = N_(
    "unlock the record in the CRM (or by its API, object/unlock), or ask the person who locked it; "
    "this program never does"
)
ASK_RULE = N_("read the CRM's own sentence; ask the CRM administrator which rule or function of the object says so")
FINISH_APPROVAL = N_(
    "let the approval end, or have its submitter withdraw it in the CRM (API: approval/instance/cancel); "
    "then plan again"
)
LOOK_AGAIN = N_("look where the record is now, then plan again")

_PARAMETERS = (
    "appId",
    "appSecret",
    "appAccessToken",
    "redirectUri",
    "responseType",
    "scope",
    "state",
    "code",
    "appAccount",
    "openUserId",
    "",
    "permanentCode",
    "corpAccessToken",
    "corpId",
    "toUser",
)
_INVALID = {
    1: "appId",
    2: "appSecret",
    3: "appAccessToken",
    4: "redirectUri",
    5: "responseType",
    6: "scope",
    7: "state",
    8: "openUserId",
    9: "departmentId",
    10: "code",
    11: "appAccount",
    13: "permanentCode",
    15: "corpId",
    16: "toUser",
    17: "msgType",
    18: "templateId",
}
_CREDENTIAL_PARAMETERS = frozenset({"appId", "appSecret", "permanentCode", "corpId"})


def _missing() -> Iterator[ErrorRow]:
    for number, name in enumerate(_PARAMETERS, start=10001):
        if name:
            secret = name in _CREDENTIAL_PARAMETERS
            yield ErrorRow(
                str(number),
                Reason.CREDENTIALS if secret else Reason.INVALID,
                "no",
                False,
                N_("a parameter is missing from the call"),
                CHECK_SECRETS if secret else REPORT,
                f"{_TABLE}: {name}",
            )


def _invalid() -> Iterator[ErrorRow]:
    for number, name in _INVALID.items():
        secret = name in _CREDENTIAL_PARAMETERS
        yield ErrorRow(
            str(11000 + number),
            Reason.CREDENTIALS if secret else Reason.INVALID,
            "no",
            False,
            N_("a parameter of the call is invalid"),
            CHECK_SECRETS if secret else REPORT,
            f"{_TABLE}: {name}",
        )


ERRORS: tuple[ErrorRow, ...] = (
    ErrorRow("-1", Reason.BUSY, "maybe", True, N_("the CRM is busy"), TRY_LATER, _TABLE),
    ErrorRow("-2", Reason.SYSTEM_ERROR, "maybe", True, N_("the CRM reports a system error"), TRY_LATER, _TABLE),
    *_missing(),
    ErrorRow(
        "10006:secret",
        Reason.CREDENTIALS,
        "no",
        False,
        N_("the CRM did not accept the app secret"),
        CHECK_SECRETS,
        _PROBED,
    ),
    ErrorRow("10006:path", Reason.PATH, "no", False, N_("this path does not serve that object"), REPORT, _PROBED),
    ErrorRow("10010:user", Reason.USER, "no", False, N_("the call names no acting user"), CHECK_USER, _CLIENTS),
    ErrorRow("10013:offset", Reason.INVALID, "no", False, N_("the page lies beyond row 10000"), REPORT, _PROBED),
    *_invalid(),
    ErrorRow("11014", Reason.SIGNED_OUT, "no", True, N_("the access token is invalid"), CHECK_SECRETS, _TABLE),
    ErrorRow("12002", Reason.SIGNED_OUT, "no", True, N_("the sign-in is no longer valid"), CHECK_SECRETS, _TABLE),
    ErrorRow("12003", Reason.INVALID, "no", False, N_("this type of message is not supported"), REPORT, _TABLE),
    ErrorRow("12004", Reason.INVALID, "no", False, N_("the body of the call is empty"), REPORT, _TABLE),
    ErrorRow("12005", Reason.INVALID, "no", False, N_("the text of the call is empty"), REPORT, _TABLE),
    ErrorRow("14001", Reason.RATE_LIMITED, "no", True, N_("too many calls"), WAIT_WINDOW, _TABLE),
    ErrorRow("15002", Reason.INVALID, "no", False, N_("the CRM calls a parameter invalid"), REPORT, _TABLE),
    ErrorRow("15003", Reason.PERMISSION, "no", False, N_("the app may not use this interface"), ASK_ALLOW_LIST, _TABLE),
    ErrorRow(
        "20005", Reason.SIGNED_OUT, "no", True, N_("the access token is missing or expired"), CHECK_SECRETS, _TABLE
    ),
    ErrorRow("20006", Reason.CREDENTIALS, "no", False, N_("app id or app secret is wrong"), CHECK_SECRETS, _TABLE),
    ErrorRow("20010", Reason.CREDENTIALS, "no", False, N_("the authorization code has expired"), CHECK_SECRETS, _TABLE),
    ErrorRow("20012", Reason.USER, "no", False, N_("the CRM does not know the acting user"), CHECK_USER, _TABLE),
    ErrorRow("20014", Reason.PERMISSION, "no", False, N_("the app may not see that employee"), ASK_ADMIN, _TABLE),
    ErrorRow("20015", Reason.CREDENTIALS, "no", False, N_("the permanent code is wrong"), CHECK_SECRETS, _TABLE),
    ErrorRow(
        "20016", Reason.SIGNED_OUT, "no", True, N_("the access token is missing or expired"), CHECK_SECRETS, _PROBED
    ),
    ErrorRow(
        "20017", Reason.CREDENTIALS, "no", False, N_("the call carries no valid credentials"), CHECK_SECRETS, _PROBED
    ),
    ErrorRow("20017:user", Reason.USER, "no", False, N_("the call names no acting user"), CHECK_USER, _CLIENTS),
    ErrorRow("20020", Reason.PERMISSION, "no", False, N_("the app may not see that tenant"), ASK_ADMIN, _TABLE),
    ErrorRow("20021", Reason.PERMISSION, "no", False, N_("the app is switched off"), ASK_APP, _TABLE),
    ErrorRow("20022", Reason.PERMISSION, "no", False, N_("the tenant has not authorised the app"), ASK_APP, _TABLE),
    ErrorRow("20023", Reason.PERMISSION, "no", False, N_("the app may not see that department"), ASK_ADMIN, _TABLE),
    ErrorRow("30002", Reason.QUOTA, "no", False, N_("the daily quota of calls is used up"), WAIT_DAY, _TABLE),
    ErrorRow("30003", Reason.QUOTA, "no", False, N_("the tenant has no Open API resource pack"), BUY_QUOTA, _TABLE),
    ErrorRow("30004", Reason.RATE_LIMITED, "no", True, N_("too many calls in a short time"), WAIT_WINDOW, _TABLE),
    ErrorRow("30007", Reason.INVALID, "no", False, N_("the CRM does not know that department"), REPORT, _TABLE),
    ErrorRow("30027", Reason.USER, "no", False, N_("the CRM does not know the acting user"), CHECK_USER, _TABLE),
    ErrorRow("32000", Reason.INVALID, "no", False, N_("the CRM calls a parameter invalid"), REPORT, _TABLE),
    ErrorRow("40010", Reason.INVALID, "no", False, N_("the CRM does not know that template"), REPORT, _TABLE),
    ErrorRow("50009", Reason.SERVICE, "maybe", True, N_("the CRM reports a service error"), LOOK_FIRST, _TABLE),
    ErrorRow("50009:locked", Reason.LOCKED, "no", False, N_("the record is locked"), UNLOCK, _CLIENTS),
    ErrorRow("50009:permission", Reason.PERMISSION, "no", False, N_("no right to this record"), ASK_ADMIN, _TABLE),
    ErrorRow("50009:absent", Reason.NOT_FOUND, "maybe", False, N_("the record is not there"), LOOK_AGAIN, _CLIENTS),
    ErrorRow(
        "50009:approval", Reason.IN_APPROVAL, "maybe", False, N_("an approval is needed"), FINISH_APPROVAL, _CLIENTS
    ),
    ErrorRow("50009:path", Reason.PATH, "maybe", False, N_("this path is for CRM administrators"), ASK_ADMIN, _CLIENTS),
    ErrorRow(
        "50009:veto",
        Reason.VETOED,
        "maybe",
        False,
        N_("a rule of the tenant refuses it"),
        ASK_RULE,
        _CLIENTS,
    ),
)
"""One row per published code, in the table's order; `code:word` is a row that its text tells apart."""

UNLISTED = ErrorRow(
    "", Reason.UNKNOWN, "maybe", False, N_("the CRM answered with a code that nobody documents"), LOOK_FIRST, "none"
)

# Texts that tell the rows of one code apart. The vendor asks not to branch on texts; these codes leave no other way.
_BY_TEXT: tuple[tuple[int, str, re.Pattern[str]], ...] = (
    (10006, "10006:secret", re.compile("appSecret|permanentCode|appId")),
    (10006, "10006:path", re.compile("is not exists|apiName=")),
    (10010, "10010:user", re.compile("currentOpenUserId|x-fs-userid")),
    (10013, "10013:offset", re.compile("offset")),
    (20017, "20017:user", re.compile("currentOpenUserId|x-fs-userid")),
    (50009, "50009:locked", re.compile("已被锁定")),
    (50009, "50009:permission", re.compile("无此操作的数据权限|没有.{0,40}权限")),
    (50009, "50009:absent", re.compile("数据已作废或已删除|数据不存在或已删除|数据不存在")),
    (50009, "50009:path", re.compile(r"^\W*Bad Request\b")),
    (50009, "50009:approval", re.compile("需要审批|审批中")),
)
_ROWS = {row.code: row for row in ERRORS}
# What a gateway says that gave up waiting: the work may still go on behind it.
_GAVE_UP = re.compile("服务异常|超时|系统繁忙|系统错误|time[d ]*[ -]?out|busy|exception", re.IGNORECASE)


def row_for(code: int, text: str, *, token_call: bool = False) -> ErrorRow:
    """Return the row of an answer; `text` is errorMessage with errorDescription. A token call has codes of its own."""
    if token_call and code == 10006:
        return _ROWS["10006:secret"]
    for known, name, pattern in _BY_TEXT:
        if known == code and pattern.search(text):
            return _ROWS[name]
    if code == 50009 and not gave_up(text):
        return _ROWS["50009:veto"]
    return _ROWS.get(str(code), UNLISTED)


def gave_up(text: str) -> bool:
    """Return whether a refusal may come from a gateway that did not wait for the end, or says nothing at all."""
    return not text or _GAVE_UP.search(text) is not None


def named_row(name: str) -> ErrorRow:
    """Return a row by its code, or by `code:word`."""
    return _ROWS[name]


def clean(text: object, *, most: int = 300) -> str:
    """Return a vendor's text fit to be shown: one line, no control or invisible characters, at most `most` long."""
    return quoted(text, most)
