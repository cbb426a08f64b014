"""What each way back is said to bring back, before anything is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from crm_bridge.domain.capabilities import Capabilities, Fate, Limits, Route, Step, Support
from crm_bridge.domain.restoring.forecast import GENERAL, Forecast, ForecastRow, ThingKind, make_forecast
from crm_bridge.registry import load_adapter
from crm_bridge.spi.adapter import FieldInfo, RelationInfo

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
FIELDS = (
    FieldInfo("Name", "Contract Name", "text", meaning="title"),
    FieldInfo("Number", "Contract Number", "text", meaning="number"),
    FieldInfo("Total", "Total", "formula", writable=False),
    FieldInfo("Signed", "Signed Copy", "fileupload"),
    FieldInfo("Photo", "Photo", "imageupload"),
)
RELATIONS = (
    RelationInfo("Lines", "Lines", "detail", "Lines", changing=("id", "Created_Time")),
    RelationInfo("Notes", "Notes", "note", "Notes"),
    RelationInfo("Signed", "Signed Copy", "attachment", "Files"),
    RelationInfo("Photo", "Photo", "attachment", "Files", saved=False),
    RelationInfo("Mails", "Mails", "related", "Mails", saved=False),
)


@pytest.fixture(params=["zoho", "fxiaoke"])
def crm(request: pytest.FixtureRequest) -> tuple[Capabilities, Limits]:
    """What one CRM can do, as its adapter says."""
    spec = load_adapter(request.param)
    return spec.capabilities, spec.limits


def forecast(crm: tuple[Capabilities, Limits], step: Step = Step.TRASH) -> Forecast:
    return make_forecast(*crm, FIELDS, RELATIONS, step=step, now=NOW)


def rows(of: Forecast) -> Mapping[str, ForecastRow]:
    return {row.thing: row for row in of.rows}


def test_every_general_thing_field_and_relation_has_a_row_for_both_ways(crm: tuple[Capabilities, Limits]) -> None:
    things = rows(forecast(crm))
    assert list(things)[: len(GENERAL)] == list(GENERAL)
    assert set(things) >= {"Name", "Number", "Total", "Lines", "Notes", "attachments: Signed", "Mails", "Lines.id"}


def test_a_field_that_cannot_be_written_is_not_promised_to_a_new_record(crm: tuple[Capabilities, Limits]) -> None:
    total = rows(forecast(crm))["Total"]
    assert (total.fate(Route.UNTRASH), total.fate(Route.RECREATE)) == (Fate.SAME, Fate.LOST)
    assert total.recreate_note


def test_a_field_of_files_comes_back_with_new_ids(crm: tuple[Capabilities, Limits]) -> None:
    assert rows(forecast(crm))["Signed"].recreate is Fate.CHANGED


def test_a_field_of_files_that_no_backup_holds_is_not_promised(crm: tuple[Capabilities, Limits]) -> None:
    things = rows(forecast(crm))
    assert (things["Photo"].recreate, things["attachments: Photo"].recreate) == (Fate.LOST, Fate.LOST)


def test_a_relation_that_no_backup_holds_is_lost_from_the_backup(crm: tuple[Capabilities, Limits]) -> None:
    assert rows(forecast(crm))["Mails"].recreate is Fate.LOST


def test_a_number_stays_where_it_may_be_written_and_not_where_the_crm_assigns_it(
    crm: tuple[Capabilities, Limits],
) -> None:
    assert rows(forecast(crm))["number"].recreate is Fate.SAME
    assigned = (FieldInfo("Serial", "Serial", "autonumber", meaning="number", writable=False),)
    made = make_forecast(*crm, assigned, (), step=Step.TRASH, now=NOW)
    assert rows(made)["number"].recreate is Fate.CHANGED


def test_the_deadline_of_the_bin_is_a_date_where_the_vendor_publishes_one() -> None:
    zoho, fxiaoke = (load_adapter(name) for name in ("zoho", "fxiaoke"))
    assert forecast((zoho.capabilities, zoho.limits)).until == "2027-01-22"
    assert forecast((fxiaoke.capabilities, fxiaoke.limits)).until is None


def test_a_purge_has_no_way_back_through_the_bin(crm: tuple[Capabilities, Limits]) -> None:
    made = forecast(crm, Step.PURGE)
    assert (made.untrash, made.until) == (Support.ABSENT, None)
    assert made.recreate is not Support.ABSENT


def test_a_forecast_survives_its_plan_file(crm: tuple[Capabilities, Limits]) -> None:
    made = forecast(crm)
    assert Forecast.from_json(made.as_json()) == made


def test_what_no_row_names_falls_under_the_general_promise(crm: tuple[Capabilities, Limits]) -> None:
    promises = forecast(crm).promises(Route.RECREATE)
    assert promises.of("a field that was added since") is promises.of("fields")
    assert promises.of("x", "nothing like that") is Fate.UNKNOWN


def test_kinds_are_told_apart(crm: tuple[Capabilities, Limits]) -> None:
    things = rows(forecast(crm))
    assert {things["id"].kind, things["Name"].kind, things["Lines"].kind} == set(ThingKind)
