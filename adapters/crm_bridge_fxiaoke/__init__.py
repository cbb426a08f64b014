"""纷享销客 (Fenxiang Xiaoke) for crm_bridge.

In reading order:

    adapter        six verbs, each handed to the module that knows it
    settings       the settings of a 纷享销客 connection
    capabilities   what 纷享销客 can do and cannot, with the source of each statement
    error_table    what 纷享销客's error codes mean
    errors         what a refusal means on one connection
    auth           signing in, in both generations of 纷享销客's parameter passing
    client         calls to the gateway
    wire           what 纷享销客 sends, read once
    discovery      which object holds the contracts, and which other objects hang on it
    mapping        which vendor field means what, and how a row becomes a contract
    costs          what each step of the journey costs
    profile        who acts, where, with which fields, relations, limits and assumptions
    module/        the contract object
    filters        filters in 纷享销客's language
    finder         what the CRM evaluates is asked of it, pages come by id, completeness is proven by a count
    reading/       reading records in few calls
    snapshotter    the record, its details, what refers to it, its team and its files, as the bytes that came
    remover        作废 one record per call, 删除 in batches; every id is sent once and judged by errorCode
    removing/      batches of removals, and the pause between them
    locator        by id, voided ones included, with a control record read in the same look
    restorer       bring contracts back
    restoring/     bringing contracts back
    proving        the open questions of 纷享销客 and how each is looked into
    proofs/        the open questions of 纷享销客, put to a real tenant
    emulator/      a stand-in for 纷享销客 that speaks its wire
    leaves         counting the rows that hang on contracts, without reading them
    pytest_plugin  a pytest fixture with the stand-in of 纷享销客, for the tests of somebody's own scripts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.clock import Clock
from crm_bridge.i18n import N_
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.emulator import Emulator
from crm_bridge.spi.proving import Proving
from crm_bridge.spi.spec import AdapterContext, AdapterSpec, SecretItem
from crm_bridge_fxiaoke.capabilities import CAPABILITIES, LIMITS
from crm_bridge_fxiaoke.error_table import ERRORS
from crm_bridge_fxiaoke.module.clouds import HOSTS
from crm_bridge_fxiaoke.module.questions import QUESTIONS

if TYPE_CHECKING:
    from pydantic import BaseModel


def _settings() -> type[BaseModel]:
    from crm_bridge_fxiaoke.settings import FxiaokeSettings

    return FxiaokeSettings


def _origins(settings: BaseModel) -> tuple[str, ...]:
    from crm_bridge_fxiaoke.settings import FxiaokeSettings

    assert isinstance(settings, FxiaokeSettings), "made by this adapter's own settings model"
    return (settings.address,)


def _connect(settings: BaseModel, context: AdapterContext) -> Adapter:
    from crm_bridge_fxiaoke.adapter import FxiaokeAdapter
    from crm_bridge_fxiaoke.settings import FxiaokeSettings

    assert isinstance(settings, FxiaokeSettings), "made by this adapter's own settings model"
    return FxiaokeAdapter(settings, context)


def _proving() -> Proving:
    from crm_bridge_fxiaoke.proving import FxiaokeProving

    return FxiaokeProving()


def _emulator(base_url: str, clock: Clock, seed: int, count: int) -> Emulator:
    from crm_bridge_fxiaoke.emulator import FxiaokeEmulator

    return FxiaokeEmulator(base_url, clock=clock, seed=seed, count=count)


ADAPTER = AdapterSpec(
    name="fxiaoke",
    module_setting="object",
    title="纷享销客 (Fenxiang Xiaoke, ShareCRM)",
    about=N_("Contracts of 纷享销客: SaleContractObj, ContractObj or a custom object, through Open API v2"),
    capabilities=CAPABILITIES,
    limits=LIMITS,
    errors=ERRORS,
    settings=_settings,
    secrets=(
        SecretItem("app_id", N_("app id of the self-built app (FSAID_...)")),
        SecretItem("app_secret", N_("app secret")),
        SecretItem("permanent_code", N_("permanent code")),
        SecretItem("operator_mobile", N_("mobile number of the acting user (older style only)"), required=False),
        SecretItem("operator_id", N_("id of the acting user: FSUID_..., or the employee id"), required=False),
    ),
    origins=_origins,
    connect=_connect,
    emulator=_emulator,
    sign_in_help=N_(
        "In the admin console create a self-built app, switch on developer mode, enter this machine's address in the"
        " IP allow-list, and copy app id, app secret and permanent code. The acting user should be a CRM administrator."
    ),
    open_questions=QUESTIONS,
    proving=_proving,
    hosts=HOSTS,
)
