"""Facts in force on a connection: what its adapter is made with, and what its plans say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from crm_bridge.domain.planning.facts import FactSheet, Setting, with_settings
from crm_bridge.errors import CredentialStoreError, JournalError
from crm_bridge.i18n import _
from crm_bridge.spi.later import Later

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.bridge.setup.resolved import Resolved
    from crm_bridge.spi.adapter import Adapter, Profile


def facts_of(bridge: Bridge, name: str) -> FactSheet:
    """Return the facts of a connection that are not too old; none where there is no journal that can be read."""
    from crm_bridge.bridge.journal_verbs import JOURNAL_FOLDER

    folder = bridge.home / JOURNAL_FOLDER
    if not folder.is_dir() or not any(folder.iterdir()):
        return FactSheet()
    from crm_bridge.pipeline.planning.facts import read_facts

    resolved = bridge.resolved(name)
    try:
        sheet = read_facts(bridge.journal, connection=name, system=resolved.spec.name)
    except (JournalError, CredentialStoreError) as problem:
        bridge.warn(_("facts of {name} are not used: {why}").format(name=name, why=problem.message))
        return FactSheet()
    sheet = sheet.fresh(bridge.env.clock.now())
    merged, overruled = with_settings(resolved.config.settings, sheet.settings())
    try:
        resolved.spec.settings().model_validate(merged)
    except ValidationError:
        return FactSheet()  # of a version whose settings were others
    return replace(sheet, overruled=overruled)


def settings_with(resolved: Resolved, sheet: FactSheet) -> BaseModel:
    """Return the settings to connect with: those of the configuration, and below them those of the facts."""
    merged, _overruled = with_settings(resolved.config.settings, sheet.settings())
    return resolved.spec.settings().model_validate(merged) if sheet.facts else resolved.settings


def known_profile(bridge: Bridge, name: str) -> Profile:
    """Sign in and return the profile without assumptions that were observed; facts of another tenant are dropped."""
    profile, sheet = bridge.adapter(name).whoami(), bridge.known_facts(name)
    if sheet.facts and (sheet.org, sheet.module) != (profile.org_id, profile.module):
        bridge.forget(name, use=FactSheet())
        return bridge.adapter(name).whoami()
    stated = profile.assumptions
    return replace(profile, assumptions=Later(lambda: sheet.left(stated))) if sheet.facts else profile


def learn(bridge: Bridge, name: str, again: Callable[[Adapter, BaseModel], Adapter]) -> None:
    """Use the facts that were journaled a moment ago, in an adapter made `again` where they change its settings."""
    resolved, before, adapter = bridge.resolved(name), bridge.known_facts(name), bridge.adapter(name)
    after = facts_of(bridge, name)
    settings = settings_with(resolved, after)
    same = settings_with(resolved, before) == settings
    bridge.forget(name, use=after, adapter=adapter if same else again(adapter, settings))


def assumed_by(settings: BaseModel) -> dict[str, Setting]:
    """Return every setting of a connection by its dotted name."""
    flat: dict[str, Setting] = {}

    def take(values: Mapping[str, Any], prefix: str) -> None:
        for key, value in values.items():
            if isinstance(value, Mapping):
                take(value, f"{prefix}{key}.")
            elif isinstance(value, str | int | float):
                flat[prefix + key] = int(value) if isinstance(value, float) else value

    take(settings.model_dump(), "")
    return flat
