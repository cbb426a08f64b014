"""Collect every message of the sources into the Chinese catalogue, and compile it.

python scripts/messages.py            update crm_bridge/locales/zh_CN/LC_MESSAGES/crm_bridge.po and compile the .mo
python scripts/messages.py --check    change nothing; exit 1 when the catalogue is not complete or not fresh

Messages are the first arguments of `_()`, `N_()` and `ngettext()`, the docstrings of commands and the help texts of
their options. Translations stay; messages that are gone are dropped.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("crm_bridge", "adapters")
PO = ROOT / "crm_bridge" / "locales" / "zh_CN" / "LC_MESSAGES" / "crm_bridge.po"
MARKERS = frozenset({"_", "N_"})
COMMAND_MARKERS = frozenset({"command", "group"})

Message = str | tuple[str, str]


def messages() -> dict[Message, list[str]]:
    """Return every message with the files it stands in, in a stable order."""
    found: dict[Message, list[str]] = {}
    for path in sorted(file for source in SOURCES for file in (ROOT / source).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        for message in filter(None, messages_of(ast.parse(path.read_text(encoding="utf-8")))):
            places = found.setdefault(message, [])
            if place not in places:
                places.append(place)
    return found


def messages_of(tree: ast.Module) -> Iterator[Message]:
    """Yield the messages of one module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.FunctionDef) and any(_is_command(one) for one in node.decorator_list):
            yield ast.get_docstring(node) or ""


def _of_call(node: ast.Call) -> Iterator[Message]:
    name = _name(node.func)
    texts = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
    if name in MARKERS and texts and isinstance(texts[0], str):
        yield texts[0]
    elif name == "ngettext" and isinstance(texts[0], str) and isinstance(texts[1], str):
        yield (texts[0], texts[1])
    elif name in ("option", "_shared", "group", "command"):
        for word in node.keywords:
            if word.arg == "help" and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str):
                yield word.value.value


def _is_command(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and _name(decorator.func) in COMMAND_MARKERS


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def updated(old: Catalog) -> Catalog:
    """Return a catalogue of exactly the messages of the sources, with the translations of the old one."""
    new = Catalog(locale="zh_CN", project="crm_bridge", charset="utf-8", header_comment="# crm_bridge, 简体中文")
    for message, places in messages().items():
        known = old.get(message if isinstance(message, str) else message[0])
        flags = ("python-brace-format",) if "{" in (message if isinstance(message, str) else message[0]) else ()
        locations = [(place, 0) for place in places]
        said = known.string if known else None
        if isinstance(message, tuple) and isinstance(said, str):
            said = (said,)  # Chinese has one form for every number
        new.add(message, said, locations=locations, flags=flags)
    return new


def problems(catalogue: Catalog) -> list[str]:
    """Return what is wrong with translations: missing ones, and placeholders that do not match."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if not all(strings):
            found.append(f"not translated: {sources[0]!r}")
        elif any(_fields(text) != _fields(sources[-1]) for text in strings):
            found.append(f"other placeholders: {sources[0]!r}")
    return found


def _fields(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)[^{}]*\}", text))


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the catalogue as a PO file without dates and line numbers, so that it changes only with its messages."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=120, sort_output=False, include_lineno=False, omit_header=True)
    header = '# crm_bridge, 简体中文\nmsgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"MIME-Version: 1.0\\n"\n'
    header += '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    header += '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    return header.encode() + buffer.getvalue()


def mo_bytes(po: bytes) -> bytes:
    """Compile a PO file."""
    catalogue = read_po(io.BytesIO(po), locale="zh_CN")
    # Not the moment of compiling, which babel would write: the file changes only with its messages.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def main(arguments: list[str]) -> int:
    """Update or check; return the exit code."""
    old = read_po(io.BytesIO(PO.read_bytes()), locale="zh_CN") if PO.exists() else Catalog(locale="zh_CN")
    catalogue = updated(old)
    po = po_bytes(catalogue)
    wrong = problems(catalogue)
    if "--check" in arguments:
        mo = PO.with_suffix(".mo")
        fresh = PO.exists() and PO.read_bytes() == po and mo.exists() and mo.read_bytes() == mo_bytes(po)
        wrong += [] if fresh else ["the catalogue is not fresh: run python scripts/messages.py"]
    else:
        PO.parent.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(po)
        PO.with_suffix(".mo").write_bytes(mo_bytes(po))
    print(*wrong, sep="\n")
    print(f"{len(catalogue)} messages, {len(wrong)} problems")
    return 1 if wrong and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
