"""Author and approver on two machines: what each types, what CI asks, and what the journal and the receipt keep."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_bridge.bridge import Bridge
from crm_bridge.cli.main import main
from crm_bridge.errors import ConfirmationError, CredentialStoreError, UsageError
from tests.approvals.conftest import NAME, Office, Person, lines_of, with_lines

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(home: Path, *words: object) -> tuple[int, str, str]:
        keys = [] if (home / "secrets.toml").exists() else ["--secrets-file", str(home.parent / "keys.toml")]
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home), *keys, *map(str, words)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_two_people_on_two_machines(office: Office, tmp_path: Path, run: Run) -> None:
    there, shared = tmp_path / "lina", tmp_path / "shared.plan"
    code, out, _err = run(there, "approvals", "key", "--json")
    assert code == 0
    public = json.loads(out)
    office.demand(1, "mei")
    with office.bridge() as bridge:
        bridge.approvals.add_member("mei", public["key"], reader=public["reader"])
        plan = bridge.open_plan(office.plan("mine.plan", reason="duplicate import"))
        bridge.share_plan(plan, ["mei"], shared)
        assert [rule.needed for rule in bridge.approvals.of(bridge.open_plan(shared))[1]] == [1]
    code, out, _err = run(there, "plan", "show", shared)
    assert "duplicate import" in out
    assert run(there, "approve", shared, "--confirm", "0" * 64)[0] == 5
    assert run(there, "approve", shared, "--confirm", plan.digest)[0] == 0
    with office.bridge() as bridge:
        done = bridge.connect(NAME).apply(shared, confirm=plan.digest)
        assert done.exit_code == 0
        statement = done.receipt().statement
        assert statement["predicate"]["approvals"] == [public["fingerprint"]]
        start = next(bridge.journal.entries(op="run.start", run=done.id))
        assert start.body["approvals"] == [public["fingerprint"]]


def test_an_ssh_key_approves_as_well_and_each_copy_brings_its_approval(office: Office) -> None:
    office.demand(2, "lina", "wang")
    path = office.plan("two.plan")
    digest = lines_of(path)[-1]["digest"]
    copies = []
    for one in (office.lina, office.wang):
        copies.append(path.with_name(f"{one.name}.plan"))
        copies[-1].write_bytes(with_lines(path, one.signs(office.statement(digest, one))).read_bytes())
    with office.bridge() as bridge:
        assert bridge.approvals.collect(bridge.open_plan(path), copies) == 2
        assert bridge.approvals.collect(bridge.open_plan(path), copies) == 0
        assert bridge.connect(NAME).apply(path, confirm=digest).exit_code == 0


def test_ci_asks_with_an_exit_code_and_a_summary(office: Office, run: Run) -> None:
    office.demand(1, "lina")
    path = office.plan("ci.plan")
    digest = lines_of(path)[-1]["digest"]
    code, out, _err = run(office.home, "approvals", "list", path, "--format", "md")
    assert code == 5
    assert "missing: 1 of lina" in out
    approved = with_lines(path, office.lina.signs(office.statement(digest, office.lina)))
    code, out, _err = run(office.home, "approvals", "list", approved, "--format", "md")
    assert code == 0
    assert out.startswith("## DELETE 3 zoho-sandbox")
    assert "| lina | SHA256:" in out


@pytest.mark.parametrize(
    ("when", "asked"),
    [
        ('origin = "program"', True),
        ('origin = "person"', False),
        ("contracts = 3", True),
        ("contracts = 4", False),
        ('step = "trash"', True),
        ('step = "purge"', False),
    ],
)
def test_a_rule_asks_for_plans_that_fit_it(office: Office, when: str, asked: bool) -> None:
    config = office.home / "config.toml"
    config.write_text(f"{office.config}\n[[policy.approvals]]\n{when}\n", encoding="utf-8")
    with office.bridge() as bridge:
        assert (bridge.open_plan(office.plan("asked.plan")).notes.approvals != ()) is asked


@pytest.mark.parametrize(
    ("amount", "asked"), [("{ CNY = 1 }", True), ('{ CNY = "999999999999" }', False), ("{ JPY = 1 }", False)]
)
def test_a_rule_asks_by_amount(office: Office, amount: str, asked: bool) -> None:
    config = office.home / "config.toml"
    config.write_text(f"{office.config}\n[[policy.approvals]]\namount = {amount}\n", encoding="utf-8")
    with office.bridge() as bridge:
        everything = [one.id for one in bridge.connect(NAME).find("currency = 'CNY'")]
        assert (bridge.open_plan(office.plan("worth.plan", ids=everything)).notes.approvals != ()) is asked


def test_more_approvals_than_names_is_a_mistake_in_the_policy(office: Office) -> None:
    office.demand(3, "lina", "wang")
    with pytest.raises(UsageError):
        office.bridge()


def test_what_cannot_be_read_cannot_be_approved(office: Office, tmp_path: Path) -> None:
    office.demand(1, "lina")
    path = office.plan("closed.plan")
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "there" / "config.toml").write_text("", encoding="utf-8")
    with Bridge.open(tmp_path / "there", secrets_file=tmp_path / "keys.toml", environ={}) as bridge:
        bridge.make_keys()
        with pytest.raises(ConfirmationError) as refused:
            bridge.approvals.approve(path, confirm=lines_of(path)[-1]["digest"])
    assert refused.value.reason == "plan_unreadable"


def test_an_ssh_key_that_is_none_is_refused(tmp_path: Path) -> None:
    from crm_bridge.pipeline.planning.team import private_key, public_key

    path = tmp_path / "key"
    path.write_text("nothing")
    path.chmod(0o600)
    with pytest.raises(CredentialStoreError):
        private_key(path, "")
    with pytest.raises(UsageError):
        public_key("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==")
    assert public_key(Person("x", tmp_path).line + " x@host")
