"""Filters in the tenant's own words: labels of fields and options in both languages, and what a slip may have meant."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge, Connection
from crm_bridge.domain.filters.labels import has_labels, suggestions, without_labels
from crm_bridge.domain.filters.syntax import parse_filter
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.pipeline.find import nothing_matches
from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from crm_bridge.spi.adapter import FieldInfo

QUERIES, SLIPS = 100, 50
"""For each CRM: the labels of one are English, those of the other Chinese."""


@pytest.fixture(scope="module", params=["zoho", "fxiaoke"])
def crm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    home: Path = tmp_path_factory.mktemp(request.param) / "home"
    with sandbox(SandboxOptions(home=home, count=30, only=(request.param,))), Bridge.open(home, environ={}) as bridge:
        yield bridge.connect(f"{request.param}-sandbox")


def told_apart(fields: tuple[FieldInfo, ...]) -> list[FieldInfo]:
    """Return the fields whose label is theirs alone, and whose values are texts."""
    labels = [one.label for one in fields]
    return [one for one in fields if labels.count(one.label) == 1 and one.type in TEXTS]


TEXTS = ("text", "picklist", "select_one", "textarea", "long_text", "email", "lookup", "object_reference")


def test_a_hundred_queries_in_labels_are_those_in_names(crm: Connection) -> None:
    fields = crm.profile().fields
    dice, chosen = random.Random(7), told_apart(fields)
    assert len(chosen) > 4
    for _number in range(QUERIES):
        written, meant = [], []
        for field in dice.sample(chosen, dice.randint(1, 3)):
            # A vendor's own name means itself, also where it is the label.
            own = field.meaning is None or field.name == field.label
            name = f"`{field.name}`" if own else field.meaning
            value, label = dice.choice(field.options or (("Acme", "Acme"),))
            sign = dice.choice(["=", "!=", "in", "~"])
            word, same = (label, value if own else label) if sign != "~" else ("Acme", "Acme")
            form = '{} in ("{}")' if sign == "in" else f'{{}} {sign} "{{}}"'
            written.append(form.format(f"`{field.label}`", word))
            meant.append(form.format(name, same))
        joint = dice.choice([" and ", " or "])
        tree = without_labels(parse_filter(joint.join(written)), fields)
        assert tree == parse_filter(joint.join(meant)), written


def test_fifty_misspelt_values_get_the_right_suggestion(crm: Connection) -> None:
    fields = crm.profile().fields
    dice = random.Random(7)
    (status,) = [one for one in fields if one.meaning == "status"]
    labels = [label for _value, label in status.options]
    for _number in range(SLIPS):
        label = dice.choice(labels)
        at = dice.randrange(len(label))
        slip = dice.choice([label[:at] + label[at + 1 :], label[:at] + "x" + label[at:], label.swapcase()])
        if slip in labels or len(slip) < 2:
            continue
        found = list(suggestions(parse_filter(f'status = "{slip}"'), fields))
        assert found == [(slip, (label,))], (slip, found)


def test_a_chinese_label_needs_no_quotes_and_finds_the_same_contracts(crm: Connection) -> None:
    (status,) = [one for one in crm.profile().fields if one.meaning == "status"]
    written = status.label if status.label.isalpha() else f"`{status.label}`"
    assert has_labels(parse_filter(f'{written} = "Expired"'))
    by_label = [one.id for one in crm.find(f'{written} = "Expired"')]
    assert by_label == [one.id for one in crm.find('status = "Expired"')] != []


def test_nothing_found_says_what_may_have_been_meant(crm: Connection) -> None:
    selection = crm.find('status = "Expird"')
    assert list(selection) == []
    assert 'did you mean "Expired"?' in nothing_matches(selection)
    with pytest.raises(NothingMatchedError) as caught:
        crm.plan('status = "expired"')
    assert 'did you mean "Expired"?' in caught.value.message


def test_nothing_found_says_how_many_differ_only_in_case(crm: Connection) -> None:
    customers = Counter(one.customer or "" for one in crm.find())
    name, count = max(customers.items(), key=lambda pair: (pair[0].isascii(), pair[1]))
    selection = crm.find(f'customer contains "{name.swapcase()}"')
    assert list(selection) == []
    assert (selection.in_another_case, selection.another_case) == (count, name)
    assert f'{count} differ only in case, for example "{name}"' in nothing_matches(selection)


def test_a_value_that_resembles_no_option_is_told_with_the_options(crm: Connection) -> None:
    with pytest.raises(NothingMatchedError, match='"已到期" is no value of its field; there are "'):
        crm.plan('status = "已到期"')


def test_a_name_that_no_field_has_is_told_with_the_nearest_label(crm: Connection) -> None:
    (status,) = [one for one in crm.profile().fields if one.meaning == "status"]
    with pytest.raises(UsageError) as caught:
        list(crm.find(f'`{status.label[1:]}` = "Expired"'))
    assert caught.value.hint.startswith(f"did you mean {status.label} ({status.name})")


def test_a_label_that_two_fields_or_options_have_is_refused() -> None:
    fields = (
        FieldInfo("a__c", "State", "select_one", options=(("1", "Open"), ("2", "Open"), ("3", "Done"))),
        FieldInfo("b__c", "Owner Name", "text"),
        FieldInfo("c__c", "owner name", "text"),
    )
    with pytest.raises(UsageError) as caught:
        without_labels(parse_filter('`Owner Name` = "x"'), fields)
    assert caught.value.reason == "ambiguous_field"
    assert "`b__c`, `c__c`" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        without_labels(parse_filter('`State` = "Open"'), fields)
    assert caught.value.reason == "ambiguous_option"
    assert without_labels(parse_filter('`State` in ("Done", "2")'), fields) == parse_filter('`a__c` in ("3", "2")')
    assert without_labels(parse_filter('`b__c` = "x"'), fields) == parse_filter('`b__c` = "x"')
