"""`journal reconcile CONNECTION`: the CRM's own list of deletions beside the journal, over both CRMs' wires."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.sandbox.serve import Sandbox
from crm_bridge.spi.adapter import RemoveOptions, Verdict
from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Shell


@pytest.fixture
def ours(shell: Shell, name: str, tmp_path: Path) -> list[str]:
    """Ids of contracts that a run of the journal removed."""
    path = tmp_path / "x.plan"
    shell("plan", name, "--where", 'status = "Expired"', "-o", path)
    digest = shell("plan", "show", path, "--json").document()["digest"]
    done = shell("apply", path, "--confirm", digest, "--json").document()
    return [one["id"] for one in done["outcomes"] if one["outcome"] == "removed"]


def live(emulator: Emulator) -> list[str]:
    return [str(one) for one in emulator.control("contracts", {})["ids"]]


def delete_past_the_journal(shell: Shell, name: str, candidates: list[str]) -> str:
    """Delete one contract as a program of somebody else would: same user, same wire, no journal; returns its id."""
    with Bridge.open(shell.home) as bridge:
        adapter = bridge.adapter(name)
        module = adapter.whoami().module
        for one in candidates:
            (answer,) = adapter.remove(Step.TRASH, [ContractRef(module, one)], options=RemoveOptions())
            if answer.verdict is Verdict.DONE:
                return one
    raise AssertionError("no contract could be deleted")


def test_what_runs_of_the_journal_deleted_is_accounted_for(shell: Shell, name: str, ours: list[str]) -> None:
    said = shell("journal", "reconcile", name, "--json")
    assert said.code == 0, said.err
    document = said.document()
    assert document["schema"] == "crm-bridge.deletions/1"
    assert document["counts"] == {"in_journal": len(ours), "not_in_journal": 0, "by_others": 0, "nobody_named": 0}
    assert (document["deletions"], document["complete"]) == ([], True)


def test_a_deletion_by_our_user_that_no_run_did_is_found(
    shell: Shell, name: str, ours: list[str], emulator: Emulator
) -> None:
    outside = delete_past_the_journal(shell, name, live(emulator))
    said = shell("journal", "reconcile", name, "--json")
    assert said.code == 9
    (found,) = said.document()["deletions"]
    assert (found["id"], found["account"], found["place"]) == (outside, "not_in_journal", "in_bin")
    told = shell("journal", "reconcile", name)
    assert told.code == 9
    assert outside in told.out
    assert ours[0] not in told.out
    assert "no run of this journal did it" in told.err


def test_a_deletion_by_somebody_else_is_counted_and_accuses_nobody(
    shell: Shell, name: str, ours: list[str], emulator: Emulator
) -> None:
    theirs = live(emulator)[0]
    emulator.control("delete", {"id": theirs})
    told = shell("journal", "reconcile", name)
    assert told.code == 0, told.err
    assert theirs not in told.out
    assert theirs in shell("journal", "reconcile", name, "-v").out
    document = shell("journal", "reconcile", name, "--json").document()
    assert (document["counts"]["by_others"], document["counts"]["not_in_journal"]) == (1, 0)
    assert [(one["id"], one["account"]) for one in document["deletions"]] == [(theirs, "by_others")]


def test_a_contract_that_we_brought_back_and_somebody_deletes_with_our_user_is_found(
    shell: Shell, name: str, ours: list[str]
) -> None:
    assert shell("restore", "--last").code == 0
    assert shell("journal", "reconcile", name, "--json").document()["counts"]["in_journal"] == 0
    again = delete_past_the_journal(shell, name, ours)
    said = shell("journal", "reconcile", name, "--json")
    assert said.code == 9
    assert [one["id"] for one in said.document()["deletions"]] == [again]


def test_what_is_gone_for_good_is_held_against_nobody(
    shell: Shell, name: str, ours: list[str], emulator: Emulator
) -> None:
    outside = delete_past_the_journal(shell, name, live(emulator))
    emulator.control("delete" if name.startswith("fxiaoke") else "purge", {"id": outside, "purge": True})
    said = shell("journal", "reconcile", name, "--json")
    assert said.code == 0
    told = [(one["id"], one["account"], one["place"]) for one in said.document()["deletions"]]
    # One CRM keeps a tombstone without a name; the other keeps nothing, and says so.
    assert told in ([], [(outside, "nobody_named", "gone")])
    assert told or any("leaves nothing to read" in remark for remark in said.document()["remarks"])


def test_since_a_later_day_earlier_deletions_are_left_out(shell: Shell, name: str, ours: list[str]) -> None:
    said = shell("journal", "reconcile", name, "--since", "2099-01-01", "--json")
    assert said.code == 0, said.err
    assert sum(said.document()["counts"].values()) == 0


def test_a_moment_goes_with_a_connection_only(shell: Shell, ours: list[str]) -> None:
    said = shell("journal", "reconcile", "--since", "2026-01-01")
    assert said.code == 2
    assert "--since" in said.err
    assert shell("journal", "reconcile", "--since", "yesterday").code == 2


def test_what_a_run_deleted_for_good_is_accounted_for(
    shell: Shell, name: str, ours: list[str], emulator: Emulator
) -> None:
    path = shell.home / "purge.plan"
    planned = shell("plan", name, "--where", 'status = "Draft"', "--purge", "-o", path, "--json")
    assert planned.code == 0, planned.err
    done = shell("apply", path, "--confirm", planned.document()["digest"], "--json")
    assert done.code == 0, done.err
    said = shell("journal", "reconcile", name, "--json")
    assert said.code == 0
    assert said.document()["deletions"] == []


def test_an_intent_that_was_proven_not_done_excuses_no_later_deletion(shell: Shell, running: Sandbox) -> None:
    emulator, name = running.servers["fxiaoke"].exchange.emulator, "fxiaoke-sandbox"
    planned = shell("plan", name, "--where", 'status = "Expired"', "-o", shell.home / "x.plan", "--json").document()
    refused = shell("find", name, "--where", 'status = "Expired"', "--limit", 1, "--json").lines()[0]["id"]
    emulator.control("veto", {"id": refused, "text": "该合同有未结清回款"})
    done = shell("apply", shell.home / "x.plan", "--confirm", planned["digest"], "--json")
    outcomes = {one["id"]: one["outcome"] for one in done.document()["outcomes"]}
    assert outcomes[refused] != "removed"
    assert "intent" in [one["op"] for one in shell("journal", "list", "--record", refused, "--json").lines()]
    emulator.control("veto", {"id": refused})
    delete_past_the_journal(shell, name, [refused])
    said = shell("journal", "reconcile", name, "--json")
    assert (said.code, [one["id"] for one in said.document()["deletions"]]) == (9, [refused])
