"""E-mail about a run: who gets what, once; what became of each message when the server is in a mood."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import Shell
from tests.notify.conftest import MailServer, Removed, configure, mail_channel

FINANCE = "finance@example.com"


def states(shell: Shell, *words: str) -> dict[str, str]:
    document = shell("notify", *(words or ("send",)), "--json").document()
    return {one["recipient"]: one["state"] for one in document["deliveries"]}


def test_everybody_is_told_once_however_often_it_is_asked(shell: Shell, run: Removed, mail: MailServer) -> None:
    configure(shell.home, mail_channel(mail.port))
    for _time in range(3):
        assert states(shell) == {FINANCE: "sent"}
    (message,) = mail.to(FINANCE)
    assert message["Subject"] == f"Contracts deleted: {len(run.contracts)} of zoho-sandbox"
    body = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert run.run in body
    assert "imported twice" in body
    assert f"{len(run.contracts)} removed" in body


def test_an_owner_gets_a_table_of_the_own_contracts_and_nothing_of_others(
    shell: Shell, run: Removed, mail: MailServer
) -> None:
    owner = run.owner
    more = f'owners = {{ {json.dumps(owner)} = "ada@example.com" }}'
    configure(shell.home, '[notify]\nshow = ["number", "owner"]\n' + mail_channel(mail.port, more=more))
    assert set(states(shell)) == {FINANCE, "ada@example.com"}
    (whole,) = mail.to(FINANCE)
    rows = {row["Id"]: row for row in table(whole)}
    assert set(rows) == {one.id for one in run.contracts}
    own = {i for i, row in rows.items() if row["Owner"] == owner}
    assert [{row["Id"] for row in table(one)} for one in mail.to("ada@example.com")] == [own]


def table(message: Any) -> list[dict[str, str]]:
    (attached,) = list(message.iter_attachments())
    return list(csv.DictReader(io.StringIO(attached.get_content().removeprefix("\ufeff"))))


def test_a_message_names_no_more_of_a_contract_than_the_configuration_allows(
    shell: Shell, run: Removed, mail: MailServer
) -> None:
    configure(shell.home, mail_channel(mail.port))
    preview = shell("notify", "send", "--preview", "--json").document()["notices"][0]
    assert mail.taken == []
    for contract in run.contracts:
        assert str(contract.number) in preview["table"]
        assert not [one for one in (contract.title, contract.customer, contract.owner) if one in preview["table"]]
        assert not [one for one in (contract.title, contract.customer, contract.owner) if one in preview["text"]]


@pytest.mark.parametrize(
    ("mood", "state", "code", "messages"),
    [("refuse", "refused", 1, 0), ("greylist", "refused", 1, 0), ("drop", "unknown", 9, 1)],
)
def test_what_a_server_does_is_told_and_only_what_reached_nobody_is_sent_later(
    shell: Shell, run: Removed, mail: MailServer, mood: str, state: str, code: int, messages: int
) -> None:
    configure(shell.home, mail_channel(mail.port))
    mail.mood = mood
    said = shell("notify", "send", "--json")
    assert (said.code, said.document()["deliveries"][0]["state"]) == (code, state)
    mail.mood = "take"
    after = states(shell)
    assert after == {FINANCE: "unknown" if state == "unknown" else "sent"}
    assert len(mail.to(FINANCE)) == 1, "whatever happened, nobody has two"
    if state == "unknown":
        key = said.document()["deliveries"][0]["key"]
        assert states(shell, "send", "--again", key) == {FINANCE: "sent"}
        first, second = mail.to(FINANCE)
        assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_is_not_there_has_no_message(shell: Shell, run: Removed, mail: MailServer) -> None:
    configure(shell.home, mail_channel(1))
    assert states(shell) == {FINANCE: "not_sent"}


KILLED = [
    f"{step}.{side}:1:kill"
    for step in ("notify.queue", "notify.intent", "notify.send", "notify.note", "notify.journal")
    for side in ("before", "after")
]


def test_killed_between_any_two_steps_nobody_gets_two_messages(shell: Shell, run: Removed, mail: MailServer) -> None:
    both = f'to = ["{FINANCE}", "sales@example.com"]'
    configure(shell.home, mail_channel(mail.port).replace(f'to = ["{FINANCE}"]', both))
    for failpoint in KILLED:
        shutil.rmtree(shell.home / "outbox", ignore_errors=True)
        mail.taken.clear()
        killed = subprocess.run(
            [sys.executable, "-m", "crm_bridge", "notify", "send"],
            env={**os.environ, "CRM_BRIDGE_HOME": str(shell.home), "CRM_BRIDGE_FAILPOINT": failpoint},
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert killed.returncode == -9, (failpoint, killed.stderr)
        after = states(shell)
        for address in (FINANCE, "sales@example.com"):
            got = len(mail.to(address))
            assert got <= 1, failpoint
            assert after[address] == "unknown" or (after[address], got) == ("sent", 1), failpoint
        assert list(after.values()).count("unknown") <= 1, "at most the message that was on its way"
        assert states(shell) == after
