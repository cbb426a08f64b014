"""`plan --where everything` on 1,200 contracts: exit 4, the whole plan to look at, and nothing that `apply` takes."""

from __future__ import annotations

import pytest

from crm_bridge.sandbox.serve import SandboxOptions, sandbox
from tests.cli.conftest import Shell

COUNT = 1200


@pytest.mark.parametrize("name", ["zoho", "fxiaoke"])
def test_a_plan_of_everything_is_shown_whole_and_carried_out_by_nothing(shell: Shell, name: str) -> None:
    file = shell.home / "all.plan"
    with sandbox(SandboxOptions(home=shell.home, count=COUNT, only=(name,))) as running:
        made = shell("plan", f"{name}-sandbox", "--where", "everything", "-o", file)
        assert made.code == 4
        assert "1,200 contracts" in made.out
        assert made.out.count("cannot be carried out") == 2
        assert "500" in made.out
        assert "100 %" in made.out
        assert "crm-bridge apply" not in made.out + made.err
        assert "--max-contracts 1200" in made.err
        shown = shell("--json", "plan", "show", file).document()
        assert len(shown["contracts"]) == COUNT
        rows = shell("plan", "show", file, "--format", "csv").out.splitlines()
        assert len(rows) == COUNT + 1
        for word in (shown["digest"], f"sha256:{shown['digest']}", shown["phrase"]):
            refused = shell("apply", file, "--confirm", word)
            assert refused.code == 4
        emulator = running.servers[name].exchange.emulator
        assert [line for line in emulator.ledger() if line.effects] == []
