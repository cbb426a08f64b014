"""Write the table of what was observed on real tenants, from the reports in docs/observed.

python scripts/observed.py [--check]
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "observed"
BEGIN, END = "<!-- observed: begin -->", "<!-- observed: end -->"
KEYS = frozenset({"schema", "adapter", "environment", "began", "calls", "left", "steps", "facts"})
FACT_KEYS = frozenset({"question", "about", "standing", "value", "settings", "evidence", "why", "at"})


def read(paths: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    """Yield the reports; ValueError for one that holds more than the format has."""
    for path in paths:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report.keys() != KEYS or any(fact.keys() != FACT_KEYS for fact in report["facts"]):
            raise ValueError(f"{path.name}: not the format of `prove --report FILE.json`")
        yield report


def table(reports: Iterable[Mapping[str, Any]]) -> str:
    """Return how often each value of each question was observed, as Markdown."""
    values: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for report in reports:
        for fact in report["facts"]:
            if fact["value"]:
                values[report["adapter"], fact["question"], fact["about"]][fact["value"]] += 1
    if not values:
        return "No report was contributed yet."
    lines = ["| adapter | question | about | observed |", "| --- | --- | --- | --- |"]
    for (adapter, question, about), counts in sorted(values.items()):
        seen = ", ".join(f"{value} ({count})" for value, count in counts.most_common())
        lines.append(f"| {adapter} | {question} | {about} | {seen} |")
    return "\n".join(lines)


def main() -> int:
    """Write the page, or with --check compare it."""
    page = FOLDER / "README.md"
    text = page.read_text(encoding="utf-8")
    head, _begin, rest = text.partition(BEGIN)
    wanted = f"{head}{BEGIN}\n{table(read(sorted(FOLDER.glob('*.json'))))}\n{END}{rest.partition(END)[2]}"
    if "--check" in sys.argv:
        return int(wanted != text)
    page.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
