"""The wrong variants that the mutation sweeps make still fit the sources, so that none of them rots unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps import journal_mutations, mutations

ROOT = Path(__file__).resolve().parents[2]
EVERY = (*mutations.MUTATIONS, *journal_mutations.MUTATIONS)


@pytest.mark.parametrize("mutation", EVERY, ids=lambda one: one.name)
def test_a_wrong_variant_changes_one_place_and_names_tests_that_exist(mutation: mutations.Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1
    assert mutation.new != mutation.old
    assert all((ROOT / path).exists() for path in mutation.tests)
