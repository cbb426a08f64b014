"""Which module holds the contracts, and which of its fields means what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from crm_bridge.domain.records.field_map import is_system_field
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge_zoho.module.metadata import SYSTEM_FIELDS, ZohoField, ZohoModule

_CONTRACT = re.compile(
    r"contract|vertrag|vertr[äa]g|contrat|contratto|contratti|kontrakt|umow|smlouv|sopimu|s[öo]zle[şs]me"
    r"|契約|合同|合约|계약|договор|عقد|अनुबंध",
    re.IGNORECASE,
)
_PARTS = re.compile(r"line|item|history|note|template|clause|position|zeile|明细|条款|模板", re.IGNORECASE)

# Per meaning: the data types it can have, API names that settle it, words in label or name that suggest it.
_MEANINGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "number": (
        ("autonumber", "text", "integer", "bigint"),
        ("Contract_Number", "Contract_No", "Contract_Id", "Contract_ID", "Number"),
        r"number|\bno\b|_no$|nummer|num[ée]ro|n[úu]mero|\bnr\b|番号|编号|合同号|編號|번호|номер",
    ),
    "title": (
        ("text",),
        ("Name", "Contract_Name", "Subject", "Title"),
        r"name|title|subject|titel|bezeichnung|nom\b|titre|nombre|t[íi]tulo|名称|标题|主题|件名|名",
    ),
    "customer": (
        ("lookup",),
        ("Account", "Account_Name", "Customer", "Customer_Name", "Client"),
        r"account|customer|client|kunde|cliente|firma|company|客户|公司|取引先|顧客|거래처|клиент",
    ),
    "status": (
        ("picklist",),
        ("Contract_Status", "Status", "Stage"),
        r"status|state|stage|statut|estado|stato|zustand|状态|狀態|阶段|ステータス|상태|статус",
    ),
    "amount": (
        ("currency", "double"),
        ("Contract_Value", "Contract_Amount", "Amount", "Total_Amount", "Value", "Grand_Total"),
        r"amount|value|total|sum|betrag|wert|summe|montant|valeur|importe|valor|monto|金额|总额|金額|금액|сумма",
    ),
    "currency": (("picklist", "text"), ("Currency",), r"currency|w[äa]hrung|devise|moneda|moeda|valuta|币种|货币|通貨"),
    "start": (
        ("date", "datetime"),
        ("Start_Date", "Contract_Start_Date", "Effective_Date", "Valid_From", "Begin_Date"),
        r"start|begin|effective|from|beginn|d[ée]but|inicio|in[íi]cio|inizio|开始|生效|起始|開始|시작|начал",
    ),
    "end": (
        ("date", "datetime"),
        ("End_Date", "Contract_End_Date", "Expiry_Date", "Expiration_Date", "Valid_Until", "Valid_To"),
        r"\bend|expir|until|\bto\b|ende|ablauf|fin\b|t[ée]rmino|fine|scadenza|结束|到期|终止|失效|終了|종료|окончан",
    ),
    "owner": (("ownerlookup",), ("Owner",), r"owner|besitzer|propri|负责人|所有者"),
    "created": (("datetime",), ("Created_Time",), r"created|创建|erstellt"),
    "modified": (("datetime",), ("Modified_Time",), r"modified|修改|ge[äa]ndert"),
}


def choose_module(modules: Iterable[ZohoModule], wanted: str | None) -> ZohoModule:
    """Return the contract module. UsageError when none or several fit; the message lists the candidates."""
    usable = [module for module in modules if module.api_supported]
    if wanted is not None:
        named = [module for module in usable if module.api_name.casefold() == wanted.casefold()]
        if named:
            return named[0]
        raise UsageError(
            _("Zoho shows you no module {name}").format(name=wanted),
            reason="module",
            hint=_("modules that look like contracts: {names}").format(names=_names(_candidates(usable))),
        )
    fitting = _candidates(usable)
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(
            _("no module of this Zoho account looks like contracts"),
            reason="module",
            hint=_(
                'name it: module = "..." in the connection; modules: {names}. Contracts that live in Zoho Contracts '
                "are in another product with an API of its own, which this adapter does not speak"
            ).format(names=_names(usable)),
        )
    raise UsageError(
        _("several modules look like contracts: {names}").format(names=_names(fitting)),
        reason="module",
        hint=_('choose one: module = "..." in the connection'),
    )


def _candidates(modules: Iterable[ZohoModule]) -> list[ZohoModule]:
    """Return the custom modules named like contracts; standard modules are never guessed."""
    return [
        module
        for module in modules
        if module.generated_type == "custom"
        and any(_CONTRACT.search(str(text)) for text in _texts(module))
        and not _PARTS.search(module.api_name)
    ]


def _texts(module: ZohoModule) -> Iterable[object]:
    keys = ("singular_label", "plural_label", "actual_singular_label", "actual_plural_label")
    return (module.api_name, *(module.raw.get(key) or "" for key in keys))


def _names(modules: Iterable[ZohoModule]) -> str:
    return ", ".join(f"{module.api_name} ({module.label})" for module in list(modules)[:20]) or "-"


def map_fields(fields: Iterable[ZohoField], overrides: Mapping[str, str]) -> dict[str, str]:
    """Return canonical name -> API name. UsageError when an override names a field that is not there."""
    known = {field.api_name: field for field in fields}
    for meaning, name in overrides.items():
        if name not in known and name != "id":
            raise UsageError(
                _("fields.{meaning}: the module has no field {name}").format(meaning=meaning, name=name),
                reason="field",
                hint=_("fields of the module: {names}").format(names=", ".join(sorted(known))),
            )
    found = {"id": "id", **overrides}
    for meaning in _MEANINGS:
        if meaning not in found:
            best = _best(meaning, [one for one in known.values() if one.api_name not in found.values()])
            if best:
                found[meaning] = best
    return found


def _best(meaning: str, fields: list[ZohoField]) -> str | None:
    """Return the best fitting field: settled by API name, else the highest score of label and type."""
    types, names, words = _MEANINGS[meaning]
    fitting = [
        field
        for field in fields
        if field.data_type in types and (field.api_name in names or not is_system_field(field.api_name, SYSTEM_FIELDS))
    ]
    for name in names:
        if any(field.api_name == name for field in fitting):
            return name
    scored = [(_score(meaning, field, types, words), field.api_name) for field in fitting]
    best = max(scored, key=lambda pair: pair[0], default=(0, ""))
    return best[1] if best[0] > 0 else None


def _score(meaning: str, field: ZohoField, types: tuple[str, ...], words: str) -> int:
    pattern = re.compile(words, re.IGNORECASE)
    score = 4 * bool(pattern.search(field.label)) + 3 * bool(pattern.search(field.api_name.replace("_", " ")))
    if meaning == "customer" and field.target == "Accounts":
        score += 5
    if score and _CONTRACT.search(field.label):
        score += 2
    if meaning == "amount" and field.data_type == "currency":
        score += 2
    return score + (len(types) - types.index(field.data_type) if score else 0)
