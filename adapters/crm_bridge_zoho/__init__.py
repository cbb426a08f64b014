"""Zoho CRM for crm_bridge.

In reading order:

    adapter        the Zoho adapter
    settings       the settings of one Zoho connection, checked once
    capabilities   what Zoho CRM can and cannot do with a deleted contract, with the source of each fact
    error_table    Zoho's error codes as data
    errors         from Zoho's words to ours
    auth           access tokens of one connection
    signing_in/    browser, code, device
    client         one place that speaks HTTP with Zoho
    wire           the shapes of Zoho's answers, read once
    discovery      which module holds the contracts, and which of its fields means what
    mapping        from a row of Zoho to a Contract, and to the digest that tells whether it changed
    profile        from the contract module to the Profile that people are shown before they plan
    module/        the contract module
    filters        filters in COQL
    finder         by filter through COQL, by words through the search index, by ids
    reading/       reading records in few calls
    snapshotter    copying contracts with everything around them, in as few calls as the module's metadata allows
    remover        one send for one batch, to the recycle bin or out of it
    removing/      what an answer to a destructive call means
    costs          what each step of the journey costs at Zoho
    locator        where records are now
    restorer       bring contracts back
    restoring/     bringing contracts back
    proving        what Zoho's pages leave open and how each of it is looked into
    proofs/        the open questions of Zoho, put to a real org
    emulator/      Zoho CRM on this machine
    leaves         counting the rows that hang on contracts, without reading them
    pytest_plugin  a pytest fixture with the stand-in of Zoho CRM, for the tests of somebody's own scripts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_bridge.clock import Clock
from crm_bridge.i18n import N_
from crm_bridge.spi.adapter import Adapter
from crm_bridge.spi.emulator import Emulator
from crm_bridge.spi.proving import Proving
from crm_bridge.spi.spec import AdapterContext, AdapterSpec, LoginWay, SecretItem
from crm_bridge_zoho.capabilities import CAPABILITIES, EXPORTED_ID_PREFIX, LIMITS
from crm_bridge_zoho.error_table import ROWS
from crm_bridge_zoho.module.questions import QUESTIONS

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ADAPTER"]


def _settings() -> type[BaseModel]:
    from crm_bridge_zoho.settings import ZohoSettings

    return ZohoSettings


def _origins(settings: BaseModel) -> tuple[str, ...]:
    from crm_bridge_zoho.settings import origins

    return origins(settings)


def _connect(settings: BaseModel, context: AdapterContext) -> Adapter:
    from crm_bridge_zoho.adapter import connect

    return connect(settings, context)


def _emulator(base_url: str, clock: Clock, seed: int, contracts: int) -> Emulator:
    from crm_bridge_zoho.emulator import ZohoEmulator

    return ZohoEmulator(base_url, clock=clock, seed=seed, count=contracts)


def _proving() -> Proving:
    from crm_bridge_zoho.proving import ZohoProving

    return ZohoProving()


def _login_by_code(settings: BaseModel, context: AdapterContext, pasted: str) -> str:
    from crm_bridge_zoho.settings import ZohoSettings
    from crm_bridge_zoho.signing_in.login import login

    assert isinstance(settings, ZohoSettings), "made by this adapter's own settings model"
    return login(settings, context, method="code", code=pasted)


def _login_by_browser(settings: BaseModel, context: AdapterContext, _pasted: str) -> str:
    from crm_bridge_zoho.settings import ZohoSettings
    from crm_bridge_zoho.signing_in.login import login

    assert isinstance(settings, ZohoSettings), "made by this adapter's own settings model"
    return login(settings, context, method="browser")


def _login_by_device(settings: BaseModel, context: AdapterContext, _pasted: str) -> str:
    from crm_bridge_zoho.settings import ZohoSettings
    from crm_bridge_zoho.signing_in.device import login_by_device

    assert isinstance(settings, ZohoSettings), "made by this adapter's own settings model"
    return login_by_device(settings, context)


def _revoke(settings: BaseModel, context: AdapterContext) -> None:
    from crm_bridge_zoho.settings import ZohoSettings
    from crm_bridge_zoho.signing_in.login import revoke

    assert isinstance(settings, ZohoSettings), "made by this adapter's own settings model"
    revoke(settings, context)


ADAPTER = AdapterSpec(
    name="zoho",
    exported_id_prefix=EXPORTED_ID_PREFIX,
    title="Zoho CRM",
    about=N_("Contracts in a custom module of Zoho CRM, API v8; deletes go to the recycle bin for 60 days"),
    capabilities=CAPABILITIES,
    limits=LIMITS,
    errors=ROWS,
    settings=_settings,
    secrets=(
        SecretItem("client_id", N_("client id of the app in Zoho's API console")),
        SecretItem("client_secret", N_("client secret of the app")),
        SecretItem("refresh_token", N_("refresh token; `crm-bridge login` makes one")),
    ),
    origins=_origins,
    connect=_connect,
    emulator=_emulator,
    sign_in_help=N_(
        "In Zoho's API console (api-console.zoho.com, or your data centre's) make a self client or a server-based "
        "application. With a self client, generate a code with the scopes below and paste it; with a server-based "
        "one, sign in with the browser; on a machine without one use an application for non-browser devices.\n"
        "Scopes: ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ,"
        "ZohoCRM.mass_delete.ALL,ZohoCRM.files.READ,ZohoCRM.files.CREATE,ZohoCRM.users.READ,ZohoCRM.org.READ"
    ),
    login={
        "code": LoginWay(
            N_("paste a code that a self client made in Zoho's API console"),
            makes="refresh_token",
            run=_login_by_code,
            asks=N_("code of the self client"),
        ),
        "browser": LoginWay(
            N_("sign in with the browser; needs a server-based application"),
            makes="refresh_token",
            run=_login_by_browser,
        ),
        "device": LoginWay(
            N_("show a code to type in on any other device; needs an application for devices without a browser"),
            makes="refresh_token",
            run=_login_by_device,
        ),
    },
    revoke=_revoke,
    open_questions=QUESTIONS,
    proving=_proving,
)
