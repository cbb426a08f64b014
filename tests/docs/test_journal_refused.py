"""The how-to page about a journal that is refused, typed in order by somebody whose journal was rolled back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.docs.conftest import User, commands


def test_a_journal_that_was_rolled_back_is_handed_over_and_renewed_as_it_is_written(user: User) -> None:
    page = "docs/how-to/journal-refused.md"
    user.serve("crm-bridge sandbox serve --count 30 --write-home sandbox-home")
    user.type("export CRM_BRIDGE_HOME=$PWD/sandbox-home")
    plan = "crm-bridge plan zoho-sandbox --where 'status = \"Expired\"' -o {name}.plan --json"
    user.type(plan.format(name="one"))
    journal = Path(user.folder / "sandbox-home" / "journal" / "journal.sqlite3")
    older = shutil.copy(journal, user.folder / "older.sqlite3")
    user.type(plan.format(name="two"))
    newer = shutil.copy(journal, user.folder / "newer.sqlite3")
    shutil.copy(older, journal)

    check, export, renew = commands(page)
    for refused in (plan.format(name="three"), check):
        with pytest.raises(AssertionError, match=r"rolled back|shorter"):
            user.type(refused)
    user.type(export)
    shutil.copy(newer, journal)
    assert user.type(check).startswith("the journal verifies")
    with pytest.raises(AssertionError, match="no reason to replace it"):
        user.type(renew)
    shutil.copy(older, journal)
    user.type(renew)
    assert user.type(check).startswith("the journal verifies")
    assert [one.name[:14] for one in journal.parent.glob("journal-until-*.sqlite3")] == ["journal-until-"]
    user.type(plan.format(name="four"))
