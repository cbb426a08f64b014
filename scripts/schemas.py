"""Write JSON Schema files and the reference page of `--json` from the documents' dataclasses.

python scripts/schemas.py [--check]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from crm_bridge.cli.documents import DOCUMENTS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "crm_bridge" / "schemas"
PAGE = ROOT / "docs" / "reference" / "json.md"
BEGIN, END = "<!-- documents: begin -->\n", "<!-- documents: end -->"


def schema_of(name: str) -> dict[str, object]:
    """Return the JSON Schema of one document; keys that it does not name are allowed."""
    kind, _printed_by = DOCUMENTS[name]
    made = TypeAdapter(kind).json_schema()
    made["properties"] = {"schema": {"const": name, "type": "string"}, **made["properties"]}
    made["required"] = ["schema", *made.get("required", [])]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **_without_titles(made)}


def _without_titles(value: dict[str, object]) -> dict[str, object]:
    """Leave out titles that only repeat a key, and nulls as defaults."""
    return json.loads(  # type: ignore[no-any-return]
        json.dumps(value),
        object_hook=lambda one: {
            key: item
            for key, item in one.items()
            if not (key == "title" and isinstance(item, str)) and not (key == "default" and item is None)
        },
    )


def rows() -> Iterator[str]:
    """Yield the table of the page: what every document has, then what it may have."""
    yield "| schema | printed by | always | may have |"
    yield "| --- | --- | --- | --- |"
    for name, (_kind, printed_by) in DOCUMENTS.items():
        schema = schema_of(name)
        keys, always = schema["properties"], schema["required"]
        assert isinstance(keys, dict)
        assert isinstance(always, list)
        cells = (
            ", ".join(f"`{key}`" for key in keys if key != "schema" and (key in always) is wanted)
            for wanted in (True, False)
        )
        yield f"| `{name}` | {printed_by} | {' | '.join(cells)} |"


def wanted() -> dict[Path, str]:
    """Return every file with what belongs in it."""
    files = {
        FOLDER
        / f"{name.removeprefix('crm-bridge.').replace('/', '-')}.json": f"{json.dumps(schema_of(name), indent=2)}\n"
        for name in DOCUMENTS
    }
    page = PAGE.read_text(encoding="utf-8")
    table = BEGIN + "\n".join(rows()) + "\n" + END
    return {**files, PAGE: re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: table, page, flags=re.DOTALL)}


def main() -> int:
    """Write the files; with --check only say which are stale."""
    files = wanted()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    stale += [path for path in FOLDER.glob("*.json") if path not in files]
    if "--check" in sys.argv[1:]:
        print("\n".join(f"stale: {path.relative_to(ROOT)}" for path in stale))
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(files[path], encoding="utf-8") if path in files else path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
