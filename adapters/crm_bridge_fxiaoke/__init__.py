"""纷享销客 (Fenxiang Xiaoke) for crm_bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.clock import Clock
from crm_bridge.i18n import N_
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.emulator import Emulator
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
    hosts=HOSTS,
)
