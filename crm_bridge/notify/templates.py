"""The words of messages: a template for each topic and language, replaced by a file of the team's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from crm_bridge.errors import ConfigError
from crm_bridge.files import read_ours
from crm_bridge.i18n import N_, _
from crm_bridge.notify.message import NoticeTopic

_BUILT_IN: Mapping[NoticeTopic, str] = {
    NoticeTopic.RUN: N_(
        "Contracts deleted: $count of $connection\n"
        "\n"
        "$who carried out a deletion on $connection at $when.\n"
        "Outcome: $outcomes\n"
        "Reason: $reason\n"
        "\n"
        "$contracts\n"
        "\n"
        "To undo: $undo\n"
        "Run: $about\n"
    ),
    NoticeTopic.PLAN: N_(
        "To be deleted: $count contracts of $connection\n"
        "\n"
        "$who plans to delete these contracts on $connection after $deadline.\n"
        "Reason: $reason\n"
        "\n"
        "$contracts\n"
        "\n"
        "Object before $deadline, with the number and a reason, to $who.\n"
        "Plan: $about\n"
    ),
    NoticeTopic.TEST: N_("Test of $channel\n\ncrm-bridge can reach this channel. No contract is concerned.\n"),
}
"""First line: the subject. Names with a dollar sign are filled in; there are no others."""


def fill(folder: Path | None, topic: NoticeTopic, language: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """Return subject and text. A file `run.zh.txt` in the folder replaces the built-in words. Raises ConfigError."""
    words, place = _(_BUILT_IN[topic]), ""
    if folder is not None:
        path = folder / f"{topic.value}.{language}.txt"
        try:
            words, place = read_ours(path).decode("utf-8-sig"), str(path)
        except FileNotFoundError:
            pass
        except UnicodeDecodeError:
            raise ConfigError(_("{path} is not UTF-8").format(path=path)) from None
    try:
        filled = Template(words).substitute(facts)
    except (KeyError, ValueError) as wrong:
        raise ConfigError(
            _("the template {path} cannot be filled: {why}").format(path=place, why=wrong),
            hint=_("it may name: {names}").format(names=", ".join(f"${name}" for name in sorted(facts))),
        ) from None
    subject, _line, text = filled.partition("\n")
    return " ".join(subject.split()), text.lstrip("\n")
