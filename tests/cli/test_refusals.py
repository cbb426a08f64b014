"""Every refusal, at both CRMs, in both languages: one sentence, what to do, the documented exit code, nothing sent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm_bridge.sandbox.faults import FaultRule, Match
from crm_bridge.sandbox.serve import Sandbox
from crm_bridge.spi.emulator import Emulator
from tests.cli.conftest import Said, Shell
from tests.cli.test_mistakes import edit_config, edit_secrets

WHERE = 'status = "Expired"'
HEADS = {"en": ("error: ", "hint: "), "zh": ("错误：", "提示：")}


@dataclass(frozen=True)
class Desk:
    """Where somebody works: a shell, a connection, a plan for it and its digest."""

    shell: Shell
    name: str
    running: Sandbox
    emulator: Emulator
    plan: Path
    digest: str
    monkeypatch: pytest.MonkeyPatch

    def apply(self, plan: Path | None = None, word: str | None = None) -> Said:
        return self.shell("apply", plan or self.plan, "--confirm", word or self.digest)


@pytest.fixture
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reader's language; English where a test names none."""
    chosen = str(getattr(request, "param", "en"))
    monkeypatch.setenv("CRM_BRIDGE_LANG", chosen)
    return chosen


@pytest.fixture
def context(
    language: str,
    shell: Shell,
    name: str,
    running: Sandbox,
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """A desk with a plan on it."""
    monkeypatch.setenv("CRM_BRIDGE_LANG", language)  # the shell's own fixture speaks English
    plan = tmp_path / "expired.plan"
    digest = shell("plan", name, "--where", WHERE, "-o", plan, "--json").document()["digest"]
    yield Desk(shell, name, running, emulator, plan, digest, monkeypatch)
    assert [e for line in emulator.ledger() for e in line.effects if e.kind in ("trashed", "purged")] == []


def refused(said: Said, language: str, code: int) -> None:
    """One sentence, one hint, both in the reader's language."""
    assert said.code == code, said.err
    lines = said.err.splitlines()
    sentence = next(line for line in lines if line.startswith(HEADS[language][0]))
    hint = next((line for line in lines if line.startswith(HEADS[language][1])), "")
    assert hint, said.err
    assert len(lines) <= 4, said.err
    if language == "zh":
        assert is_chinese(sentence), sentence
        assert is_chinese(hint), hint


def is_chinese(line: str) -> bool:
    return sum("\u4e00" <= letter <= "\u9fff" for letter in line) >= 6


def another_digest(context: Desk) -> Said:
    other = context.plan.with_name("other.plan")
    chosen = context.shell("plan", context.name, "--where", 'status = "Draft"', "-o", other, "--json").document()
    return context.apply(word=chosen["digest"])


def expired(context: Desk) -> Said:
    context.monkeypatch.setenv("CRM_BRIDGE_CLOCK_OFFSET", str(25 * 3600))
    return context.apply()


def not_there(context: Desk) -> Said:
    return context.apply(context.plan.with_name("none.plan"))


def no_plan(context: Desk) -> Said:
    context.plan.write_text("number,title\nHT-1,x\n")
    return context.apply()


def unknown_connection(context: Desk) -> Said:
    return context.shell("find", context.name + "x")


def no_backup(context: Desk) -> Said:
    vault = context.shell.home / "vault"
    shutil.rmtree(vault, ignore_errors=True)
    vault.write_text("a file where the folder should be")
    return context.apply()


def bad_token(context: Desk) -> Said:
    edit_secrets(context.shell.home, {"zoho-sandbox": "refresh_token", "fxiaoke-sandbox": "app_secret"}[context.name])
    return context.apply()


def wrong_module(context: Desk) -> Said:
    key = {"zoho-sandbox": "module", "fxiaoke-sandbox": "object"}[context.name]
    text = (context.shell.home / "config.toml").read_text()
    kept = "\n".join(line for line in text.splitlines() if not line.startswith(f"{key} =")) + "\n"
    (context.shell.home / "config.toml").write_text(kept)
    edit_config(
        context.shell.home, f"[connections.{context.name}]", f'[connections.{context.name}]\n{key} = "Contrats"'
    )
    return context.shell("find", context.name)


def malformed_answer(context: Desk) -> Said:
    context.running.servers[context.name.removesuffix("-sandbox")].inject(FaultRule("malformed", Match(count=None)))
    return context.apply()


def no_answer(context: Desk) -> Said:
    context.running.servers[context.name.removesuffix("-sandbox")].close()
    return context.apply()


def no_terminal(context: Desk) -> Said:
    said = context.shell("apply", context.plan, "--json")
    error = said.error()
    return Said(
        said.code, "", f"{HEADS[spoken(context)][0]}{error['message']}\n{HEADS[spoken(context)][1]}{error['hint']}"
    )


def spoken(context: Desk) -> str:
    return "zh" if "提示" in context.shell("find", "nobody").err else "en"


def filter_mistake(context: Desk) -> Said:
    return context.shell("find", context.name, "--where", "amout < 5")


def nothing_matches(context: Desk) -> Said:
    return context.shell("plan", context.name, "--where", "amount < 0")


@pytest.mark.parametrize("language", ["en", "zh"], indirect=True)
@pytest.mark.parametrize("name", ["zoho-sandbox"])
def test_a_user_without_the_right_is_refused_before_anything_is_planned(context: Desk, language: str) -> None:
    assert "error" not in context.emulator.control("profile", {"delete": False})
    said = context.shell("plan", context.name, "--where", WHERE)
    refused(said, language, 1)
    assert "trash" not in said.err
    assert "Patricia Boyle" in said.err


@pytest.mark.parametrize("language", ["en", "zh"], indirect=True)
@pytest.mark.parametrize("name", ["fxiaoke-sandbox"])
def test_where_the_crm_tells_only_when_it_is_tried_the_run_halts_and_says_who_can_help(
    context: Desk, language: str
) -> None:
    context.emulator.control("permission", {"invalid": False})
    said = context.apply()
    assert said.code == 7
    assert {"en": "who can help: an administrator of the CRM", "zh": "谁能帮忙：CRM 管理员"}[language] in said.err
    assert {"en": "ask the CRM administrator", "zh": "请让 CRM 管理员"}[language] in said.out


@pytest.mark.parametrize("language", ["en", "zh"], indirect=True)
@pytest.mark.parametrize(
    ("trial", "code"),
    [
        (another_digest, 5),
        (expired, 5),
        (no_terminal, 5),
        (no_plan, 5),
        (not_there, 2),
        (unknown_connection, 2),
        (wrong_module, 2),
        (filter_mistake, 2),
        (nothing_matches, 8),
        (no_backup, 6),
        (bad_token, 1),
        (malformed_answer, 1),
        (no_answer, 1),
    ],
)
def test_a_refusal_says_what_and_what_next(
    context: Desk, language: str, trial: Callable[[Desk], Said], code: int
) -> None:
    refused(trial(context), language, code)


def without_a_contract(lines: list[str]) -> list[str]:
    return [lines[0], *lines[2:]]


def doubled(lines: list[str]) -> list[str]:
    return [*lines[:2], lines[1], *lines[2:]]


def swapped(lines: list[str]) -> list[str]:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def without_a_foot(lines: list[str]) -> list[str]:
    return lines[:-1]


def with_another(number: int, key: str, value: object) -> Callable[[list[str]], list[str]]:
    def edit(lines: list[str]) -> list[str]:
        line = json.dumps({**json.loads(lines[number]), key: value}, sort_keys=True, separators=(",", ":"))
        return [*lines[:number], line, *(lines[number + 1 :] if number != -1 else [])]

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        without_a_contract,
        doubled,
        swapped,
        without_a_foot,
        with_another(0, "step", "purge"),
        with_another(0, "automations", True),
        with_another(0, "expires_at", "2099-01-01T00:00:00.000+00:00"),
        with_another(0, "boot", "another"),
        with_another(0, "mono_ms", 2**60),
        with_another(1, "id", "554023000003700001"),
        with_another(1, "digest", "0" * 64),
        with_another(1, "sealed", "AAAA"),
        with_another(-1, "count", 1),
        with_another(-1, "mark", "0" * 64),
    ],
)
def test_a_plan_that_was_edited_in_any_line_is_refused(
    context: Desk, language: str, edit: Callable[[list[str]], list[str]]
) -> None:
    lines = context.plan.read_text(encoding="utf-8").splitlines()
    edited = edit(lines)
    assert edited != lines
    context.plan.write_text("\n".join(edited) + "\n", encoding="utf-8")
    refused(context.apply(), language, 5)
    assert context.shell("plan", "show", context.plan).code == 5
