"""The part of the exam that needs no connection: what an adapter says about itself is complete and sourced."""

from __future__ import annotations

from dataclasses import fields

import pytest

from crm_bridge.clock import ManualClock
from crm_bridge.domain.capabilities import Fact, Limits, Route, Support
from crm_bridge.spi.emulator import Emulator
from crm_bridge.testing.exam import Exam

RETURNED = (
    "id",
    "number",
    "fields",
    "owner",
    "created",
    "details",
    "notes",
    "attachments",
    "inbound_links",
    "approval_history",
    "followers",
)
EXECUTED = frozenset({"no", "maybe", "unknown", "yes"})
ADDRESS = "http://127.0.0.1:9"


class FactsExam(Exam):
    """Capabilities, limits, errors and settings as data."""

    def test_the_name_can_be_typed(self) -> None:
        assert self.spec.name.isidentifier()
        assert self.spec.name == self.spec.name.lower()

    def test_every_fact_has_a_source(self) -> None:
        capabilities = self.spec.capabilities
        facts = {
            one.name: value
            for one in fields(capabilities)
            if isinstance(value := getattr(capabilities, one.name), Fact)
        }
        assert [name for name, fact in facts.items() if not fact.source] == []

    def test_every_side_effect_that_is_certain_has_a_source(self) -> None:
        certain = [one for one in self.spec.capabilities.side_effects if one.fires is not Support.UNPROVEN]
        assert [one.name for one in certain if not one.source] == []

    @pytest.mark.parametrize("route", list(Route))
    def test_every_way_back_says_what_becomes_of_each_thing(self, route: Route) -> None:
        capabilities = self.spec.capabilities
        self.needs(capabilities.untrash if route is Route.UNTRASH else capabilities.recreate)
        assert [name for name in RETURNED if name not in capabilities.returns[route]] == []

    def test_every_limit_is_at_least_one_and_has_a_source(self) -> None:
        limits = self.spec.limits
        numbers = [one.name for one in fields(Limits) if isinstance(getattr(limits, one.name), int)]
        assert [name for name in numbers if getattr(limits, name) < 1] == []
        assert limits.source

    def test_the_error_table_is_complete(self) -> None:
        rows = self.spec.errors
        assert rows
        assert [row.code for row in rows if not (row.family and row.meaning and row.advice and row.source)] == []

    def test_the_error_table_names_each_code_once(self) -> None:
        codes = [row.code for row in self.spec.errors]
        assert sorted({code for code in codes if codes.count(code) > 1}) == []

    def test_the_error_table_says_of_each_code_whether_it_may_have_been_executed(self) -> None:
        assert [row.code for row in self.spec.errors if row.executed not in EXECUTED] == []

    def test_unknown_settings_are_refused(self) -> None:
        from pydantic import ValidationError

        with pytest.raises(ValidationError):
            self.spec.settings().model_validate({**self._given(), "no_such_key": "x"})

    def test_the_emulators_settings_are_accepted_and_lead_to_it_only(self) -> None:
        settings = self.spec.settings().model_validate(self._given())
        assert {origin.rstrip("/") for origin in self.spec.origins(settings)} == {ADDRESS}

    def test_the_emulator_gives_every_secret_that_is_needed(self) -> None:
        given = self._emulator().connection()[1]
        assert [one.name for one in self.spec.secrets if one.required and one.name not in given] == []

    def test_the_emulator_names_its_adapter(self) -> None:
        assert self._emulator().connection()[0]["adapter"] == self.spec.name

    def test_the_emulator_says_what_other_clients_need(self) -> None:
        assert self._emulator().ready()["base_url"] == ADDRESS

    def test_two_emulators_with_the_same_seed_hold_the_same_contracts(self) -> None:
        first, second = (self._emulator().control("contracts", {})["ids"] for _ in range(2))
        assert first == second

    def _emulator(self) -> Emulator:
        return self.spec.emulator(ADDRESS, ManualClock(), 7, 3)

    def _given(self) -> dict[str, str]:
        return {key: value for key, value in self._emulator().connection()[0].items() if key != "adapter"}
