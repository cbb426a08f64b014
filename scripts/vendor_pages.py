"""Write what adapters and core say of themselves into docs/reference: zoho.md, fxiaoke.md, errors.md, and their twins.

python scripts/vendor_pages.py [--check]

Between `<!-- NAME: begin -->` and `<!-- NAME: end -->` stands what comes from the code: capabilities, limits, side
effects, error table, the switches of connection and stand-in with the sentence that stands below each of them, and the
reasons that can stand beside a contract.
What the program says itself is translated by its catalogue, the rest by docs/zh_CN/reference/vendor_pages.po;
a sentence that neither has is named, and is a failure.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "adapters")]

from crm_bridge.domain.reasons import Reason  # noqa: E402
from crm_bridge.registry import load_adapter  # noqa: E402
from crm_bridge.spi.spec import AdapterSpec  # noqa: E402
from scripts.vendor_words import Tongue, tongue  # noqa: E402

PAGES = {"en": ROOT / "docs" / "reference", "zh": ROOT / "docs" / "zh_CN" / "reference"}
FACTS = ("trash", "purge", "untrash", "recreate", "batch_delete", "automations_off", "who_deleted")

Write = Callable[[AdapterSpec, Tongue], list[str]]


def row(*cells: object) -> str:
    """Return one line of a Markdown table."""
    texts = ("" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(texts)} |"


def table(to: Tongue, *head: str) -> list[str]:
    """Return the head of a Markdown table."""
    return [row(*map(to.say, head)), row(*("---" for _name in head))]


def facts(spec: AdapterSpec, to: Tongue) -> list[str]:
    """Return what the adapter can promise, and where that is from."""
    found = [(name, getattr(spec.capabilities, name)) for name in FACTS]
    lines = [row(f"`{name}`", to.say(fact.support), to.say(fact.note), to.cite(fact.source)) for name, fact in found]
    return [*table(to, "what", "how sure", "note", "source"), *lines]


def limits(spec: AdapterSpec, to: Tongue) -> list[str]:
    """Return the limits."""
    values = {name: getattr(spec.limits, name) for name in spec.limits.__dataclass_fields__ if name != "source"}
    lines = [row(f"`{name}`", to.say("not known") if value is None else value) for name, value in values.items()]
    return [*table(to, "limit", "value"), *lines, "", to.say("Source: {}").format(to.cite(spec.limits.source))]


def effects(spec: AdapterSpec, to: Tongue) -> list[str]:
    """Return what a delete sets off."""
    lines = [
        row(
            to.say(effect.name),
            to.say(effect.fires),
            f"`{effect.switch}`" if effect.switch else to.say("none"),
            to.cite(effect.source),
        )
        for effect in spec.capabilities.side_effects
    ]
    return [*table(to, "a delete also sets off", "how sure", "switch", "source"), *lines]


def errors(spec: AdapterSpec, to: Tongue) -> list[str]:
    """Return the vendor's codes."""
    lines = [
        row(f"`{e.code}`", e.family, to.say(e.meaning), to.say(e.executed), to.say(e.advice), to.cite(e.source))
        for e in spec.errors
    ]
    return [*table(to, "code", "taken as", "means", "done?", "what to do", "source"), *lines]


def switches(path: str, name: str) -> Write:
    """Return a writer of the fields of class `name`, with defaults, types and the sentences below them."""

    def write(_spec: AdapterSpec, to: Tongue) -> list[str]:
        found = fields(path, name)
        lines = [row(f"`{key}`", f"`{default}`", f"`{kind}`", to.say(text)) for key, default, kind, text in found]
        return [*table(to, "switch", "default", "values", "meaning"), *lines]

    return write


def fields(path: str, name: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, default, type and sentence of each field of a class that has such a sentence."""
    tree = ast.parse((ROOT / "adapters" / path).read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    for field, said in zip(found.body, found.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
            kind = re.sub(r"^Literal\[(.*)\]$", r"\1", ast.unparse(field.annotation))
            yield ast.unparse(field.target), default(field.value), kind, str(said.value.value)


def default(value: ast.expr | None) -> str:
    """Return a default as it is written, without the bounds that a model puts around it."""
    if isinstance(value, ast.Call) and value.args:
        return ast.unparse(value.args[0])
    if isinstance(value, ast.Call):
        given = {word.arg: ast.unparse(word.value) for word in value.keywords}
        return given.get("default") or f"{given['default_factory']}()"
    return "" if value is None else ast.unparse(value)


COMMON = {"facts": facts, "limits": limits, "effects": effects, "errors": errors}
PARTS: dict[str, dict[str, Write]] = {
    "zoho": {**COMMON, "stand-in": switches("crm_bridge_zoho/emulator/switches.py", "Switches")},
    "fxiaoke": {
        **COMMON,
        "assumptions": switches("crm_bridge_fxiaoke/settings.py", "Assumptions"),
        "stand-in": switches("crm_bridge_fxiaoke/emulator/switches.py", "Switches"),
    },
}


def reasons(to: Tongue) -> list[str]:
    """Return every reason that can stand beside a contract."""
    lines = [
        row(f"`{one.value}`", to.say(one.meaning), to.say(one.rule.helper.meaning), int(one.rule.exit_code))
        for one in Reason
    ]
    return [*table(to, "reason", "means", "who can help", "exit"), *lines]


def writers(name: str) -> dict[str, Callable[[Tongue], list[str]]]:
    """Return what writes each part of a page."""
    if name == "errors":
        return {"reasons": reasons}
    spec = load_adapter(name)
    return {part: partial(write, spec) for part, write in PARTS[name].items()}


def filled(name: str, text: str, to: Tongue) -> str:
    """Return a page with every part written anew. ValueError where a part has no place on it."""
    for part, write in writers(name).items():
        begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
        before, rest = text.split(begin)
        text = "\n".join([f"{before}{begin}", *write(to), f"{end}{rest.split(end)[1]}"])
    return text


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    stale, missing = [], []
    for language, folder in PAGES.items():
        to = tongue(language)
        for page in (folder / f"{name}.md" for name in (*PARTS, "errors")):
            text = page.read_text(encoding="utf-8")
            new = filled(page.stem, text, to)
            if new != text:
                stale.append(page.relative_to(ROOT).as_posix())
                if "--check" not in arguments:
                    page.write_text(new, encoding="utf-8")
        missing += dict.fromkeys(to.missing)
    print(*(f"not translated: {text}" for text in missing), "changed: " + (", ".join(stale) or "nothing"), sep="\n")
    return 1 if missing or (stale and "--check" in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
