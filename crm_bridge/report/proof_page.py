"""A proof as a page, as Markdown and as JSON: safe to hand on, because nothing in it names anything of the tenant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from crm_bridge.domain.planning.facts import Standing, TenantFact
from crm_bridge.i18n import N_, _
from crm_bridge.overwriting import check_replaceable
from crm_bridge.report.charts import Bar, bars
from crm_bridge.report.markup import both, tag
from crm_bridge.report.page import HtmlColumn, HtmlPage, facts, is_page

if TYPE_CHECKING:
    from crm_bridge.bridge.proving.proof import Proof

SCHEMA = "crm-bridge.proof/1"
_TITLE = N_("What was observed on one tenant")
STANDINGS: Mapping[Standing, str] = {
    Standing.OBSERVED: N_("as assumed"),
    Standing.CONTRADICTED: N_("not as assumed"),
    Standing.NOT_OBSERVABLE: N_("not observable"),
}
_TELL = N_(
    "If a fact is not as assumed, or a step failed, this page helps the makers of the adapter: it holds no id, no"
    " name, no address and no value of the tenant. The folder docs/observed of the project says how to send it."
)


def proof_json(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON."""
    about = {one.id: one.about for one in proof.questions}
    return {
        "adapter": proof.adapter,
        "environment": proof.environment,
        "began": f"{proof.began:%Y-%m-%d}",
        "calls": proof.calls,
        "left": proof.left,
        "steps": [{"step": one.name, "worked": one.worked, "why": one.why} for one in proof.steps],
        "facts": [{"about": about[name], **_fact(one)} for one in proof.facts if (name := one.found.question)],
    }


def _fact(one: TenantFact) -> dict[str, Any]:
    return {
        "question": one.found.question,
        "standing": one.standing.value,
        "value": one.found.value,
        "settings": dict(one.found.settings),
        "evidence": list(one.found.calls),
        "why": one.found.why,
        "at": f"{one.at:%Y-%m-%d}",
    }


def write_proof(proof: Proof, path: Path, *, force: bool = False) -> None:
    """Write a proof to a file; its ending says whether as a page (.html), as Markdown (.md) or as JSON."""
    check_replaceable(path, _is_ours, force=force)
    with path.open("wb") as output:
        if path.suffix == ".html":
            _write_page(proof, output)
        elif path.suffix == ".md":
            output.write("\n".join((*_markdown(proof), "")).encode())
        else:
            told = {"schema": SCHEMA, **proof_json(proof)}
            output.write(json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")


def _is_ours(file: BinaryIO) -> bool:
    begins = file.read(200)
    file.seek(0)
    return is_page(file) or SCHEMA.encode() in begins or begins.startswith(b"# ")


def _write_page(proof: Proof, output: BinaryIO) -> None:
    with HtmlPage(output, title=both(lambda: _(_TITLE))) as page:
        page.add(facts((both(label), value) for label, value in _head(proof)))
        counts = [(one, len(proof.of(one))) for one in Standing]
        page.add(bars(both(lambda: _("Facts")), [Bar(_said(STANDINGS[one]), count) for one, count in counts]))
        if proof.steps:
            columns = [HtmlColumn(both(lambda: _("step"))), HtmlColumn(both(lambda: _("result")))]
            page.table(columns, [[_said(one.name), _went(one.worked, one.why)] for one in proof.steps])
        labels = ("question", "about", "result", "observed", "evidence")
        about = {one.id: one.about for one in proof.questions}
        page.table(
            [HtmlColumn(_said(label)) for label in labels],
            (
                [
                    one.found.question,
                    _said(about[one.found.question]),
                    _said(STANDINGS[one.standing]),
                    one.found.value or _said(one.found.why),
                    ", ".join(one.found.calls),
                ]
                for one in proof.facts
            ),
        )
        page.add(tag("p", both(lambda: _(_TELL))))


def _said(text: str) -> Any:
    return both(lambda: _(text) if text else "")


def _went(worked: bool, why: str) -> Any:
    return both(lambda: _("went well") if worked else _("failed: {why}").format(why=_(why)))


def _head(proof: Proof) -> list[tuple[Callable[[], str], object]]:
    return [
        (lambda: _("adapter"), proof.adapter),
        (lambda: _("environment"), proof.environment),
        (lambda: _("day"), f"{proof.began:%Y-%m-%d}"),
        (lambda: _("calls"), proof.calls),
        (lambda: _("left behind"), proof.left),
    ]


def _markdown(proof: Proof) -> Iterator[str]:
    yield f"# {_(_TITLE)}"
    yield ""
    yield from (f"- {label()}: {value}" for label, value in _head(proof))
    yield ""
    if proof.steps:
        yield from (f"| {_('step')} | {_('result')} |", "| --- | --- |")
        for step in proof.steps:
            told = _("went well") if step.worked else _("failed: {why}").format(why=_(step.why))
            yield f"| {_(step.name)} | {told} |"
        yield ""
    about = {one.id: one.about for one in proof.questions}
    labels = (_("question"), _("about"), _("result"), _("observed"), _("evidence"))
    yield from (f"| {' | '.join(labels)} |", "| --- | --- | --- | --- | --- |")
    for one in proof.facts:
        found = one.found
        seen = found.value or (_(found.why) if found.why else "")
        calls = ", ".join(found.calls)
        yield f"| {found.question} | {_(about[found.question])} | {_(STANDINGS[one.standing])} | {seen} | {calls} |"
    yield ""
    yield _(_TELL)
