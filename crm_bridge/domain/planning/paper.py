"""Paper: documents and records around a contract that outlive its record, and the rules that release it all the same.

Deleting a record ends no agreement. What counts is known by the names that the CRM's metadata gives to lists, modules
and file fields, by the names of files, and by what the policy adds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from crm_bridge.domain.planning.policy import DeletionPolicy
from crm_bridge.domain.planning.protection import fits, folded
from crm_bridge.domain.restoring.forecast import RelationLike
from crm_bridge.domain.snapshot import PartKind, Snapshot
from crm_bridge.i18n import _

WORDS: Mapping[str, tuple[str, ...]] = {
    "signed_copy": ("signed", "countersigned", "executed", "签署", "签字", "签章", "盖章", "双签"),
    "envelope": ("zohosign", "docusign", "adobesign", "esign", "envelope", "电子签"),
    "payment": ("payment", "receipt", "回款", "付款", "收款"),
    "order": ("order", "订单"),
    "invoice": ("invoice", "发票", "开票"),
}
"""Beginnings of English words and parts of Chinese ones, by kind of paper."""
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def kinds_of(names: Iterable[str], policy: DeletionPolicy) -> frozenset[str]:
    """Return the kinds of paper that any of these names stands for, of those that hold contracts."""
    known = [name for name in names if name]
    if any(fits(policy.no_paper, name) for name in known):
        return frozenset()
    added = dict(policy.paper_sources)
    return frozenset(
        kind
        for kind in policy.paper
        for name in known
        if _speaks_of(name, WORDS[kind]) or fits(added.get(kind, ()), name)
    )


def _speaks_of(name: str, words: Sequence[str]) -> bool:
    tokens = [token.lower() for token in _TOKEN.findall(name)]
    # A product's name may be one word or two: ZohoSign, Zoho Sign.
    tails = ["".join(tokens[at:]) for at in range(len(tokens))]
    plain = folded(name)
    return any(word in plain if not word.isascii() else any(t.startswith(word) for t in tails) for word in words)


def paper_of(
    copy: Snapshot, relations: Sequence[RelationLike], policy: DeletionPolicy, *, end: date | None, today: date
) -> tuple[str, ...]:
    """Return in words what holds a contract: paper that no rule releases, and lists that nobody could look into."""
    released = {
        kind
        for rule in policy.retention
        if not rule.ended_days or (end is not None and (today - end).days >= rule.ended_days)
        for kind in rule.releases
    }
    lines = (
        f"paper.{kind}: {what}"
        for kinds, what in _sources(copy, relations, policy)
        for kind in sorted(kinds - released)
    )
    return tuple(dict.fromkeys(lines))


def _sources(
    copy: Snapshot, relations: Sequence[RelationLike], policy: DeletionPolicy
) -> Iterator[tuple[frozenset[str], str]]:
    around = [one for one in relations if one.kind == PartKind.RELATED.value]
    for part in copy.parts:
        if part.kind is PartKind.RELATED and part.raw.strip() not in (b"", b"[]"):
            named = [one for one in around if part.name in (one.name, one.module)]
            names = {part.name, *(name for one in named for name in (one.name, one.label, one.module))}
            yield kinds_of(names, policy), named[0].label if named else part.name
    for one in around:
        if not one.saved:
            told = _("{name}: nobody could look whether there are any").format(name=one.label or one.name)
            yield kinds_of((one.name, one.label, one.module), policy), told
    for gap in copy.gaps:
        yield kinds_of((gap.name,), policy), gap.text()
    labels = {one.name: one.label for one in relations if one.kind == "attachment"}
    for name in copy.links:
        yield kinds_of((name,), policy) & {"signed_copy", "envelope"}, name
    for file in copy.attachments:
        named_so = (file.name, file.source, labels.get(file.source, ""))
        yield kinds_of(named_so, policy) & {"signed_copy", "envelope"}, file.name


def leaves_of(copy: Snapshot, relations: Sequence[RelationLike]) -> int:
    """Return how many lines, notes and files go with a contract."""
    count = len(copy.attachments)
    for part in copy.parts:
        if part.kind in (PartKind.DETAIL, PartKind.NOTE):
            count += _length(json.loads(part.raw))
    inside = {one.name for one in relations if one.kind == PartKind.DETAIL.value}
    told = {part.name for part in copy.parts if part.kind is PartKind.DETAIL}
    slices = [copy.record, *(part.raw for part in copy.parts if part.kind is PartKind.EXTRA)]
    rows: dict[str, int] = {}
    for raw in slices if inside else ():
        value = json.loads(raw)
        for name in inside - told if isinstance(value, dict) else ():
            rows[name] = max(rows.get(name, 0), _length(value.get(name)))
    return count + sum(rows.values())


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0
