"""Compare every answer of the Zoho emulator's tests with Zoho's OpenAPI files.

    python referees/zoho_openapi.py --oas FOLDER [--verbose]

FOLDER holds the files of June 2025 (`*.json`) and, in `2026/`, the later ones; they are not part of this project. The
emulator's own tests and those with Zoho's Python SDK are run, every exchange is kept, and each different answer is
validated. An answer is fine when one of the two sets agrees with it: they contradict each other in places. What agrees
with neither must be in `zoho_oas/exceptions.toml` with its reason. Ends with 1 when something is not, when an
exception is no longer needed, or when there is an operation that no test called.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pytest
from zoho_oas.documents import Documents
from zoho_oas.judging import Exchange, Verdict, judge, read_exceptions

from crm_bridge.spi.emulator import WireRequest, WireResponse
from crm_bridge_zoho.emulator import ZohoEmulator
from crm_bridge_zoho.emulator.answers import ApiError
from crm_bridge_zoho.emulator.endpoints import router

ROOT = Path(__file__).parent.parent
MOST_LINES = 12
RANDOM = "tests/zoho/emulator/test_any_request.py"
"""Other requests every time: what it finds goes into the tests that stay the same."""
TESTS = ("tests/zoho/emulator", "tests/zoho/sdk")


def record() -> list[Exchange]:
    """Run the tests and return every different exchange with version 8 of the API."""
    seen: dict[tuple[str, str, int, bytes], Exchange] = {}
    routes = router()
    answer = ZohoEmulator.handle

    def handle(emulator: ZohoEmulator, request: WireRequest) -> WireResponse:
        response = answer(emulator, request)
        headers = dict(response.headers)
        if request.path.startswith(("/crm/v8/", "/crm/bulk/v8/")) and "Content-Encoding" not in headers:
            try:
                route = routes.match(request.method, request.path).route.template
            except ApiError:
                route = "no route"
            media = headers.get("Content-Type", "")
            one = Exchange(request.method, request.path.rstrip("/"), route, response.status, media, response.body)
            seen.setdefault((one.method, one.route, one.status, one.body), one)
        return response

    with patch.object(ZohoEmulator, "handle", handle):
        ended = pytest.main(
            [
                "-q",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:xdist",
                f"--ignore={ROOT / RANDOM}",
                *(str(ROOT / each) for each in TESTS),
            ]
        )
    if ended != 0:
        sys.exit("the tests themselves fail")
    return list(seen.values())


def main() -> int:
    """Print counts and exceptions; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oas", type=Path, required=True)
    parser.add_argument("--verbose", action="store_true", help="print every difference, the known ones too")
    chosen = parser.parse_args()
    sets = {"2025": Documents(chosen.oas), "2026": Documents(chosen.oas / "2026")}
    exceptions = read_exceptions()
    exchanges = record()
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*sets, "either")}
    unknown: dict[str, str] = {}
    for exchange in exchanges:
        verdicts = {name: judge(documents, exchange) for name, documents in sets.items()}
        for name, verdict in verdicts.items():
            counts[name][verdict.word] += 1
        words = {verdict.word for verdict in verdicts.values()}
        if "agrees" in words:
            counts["either"]["agrees"] += 1
            continue
        known = next((one for one in exceptions if one.covers(exchange, verdicts.values())), None)
        counts["either"]["excepted" if known else "unexplained"] += 1
        if known:
            known.used += 1
        if not known or chosen.verbose:
            unknown.setdefault(_label(exchange, known is not None), _why(verdicts))
    print(f"\n{len(exchanges)} different answers of {len({(e.method, e.route) for e in exchanges})} operations")
    for name, counter in counts.items():
        print(f"  {name}: " + ", ".join(f"{word} {number}" for word, number in sorted(counter.items())))
    print("\nExceptions (answers: what; why)")
    for one in exceptions:
        print(f"  {one.used:4d}: {one.route} {one.status} {one.code}; {one.reason}")
    for label, why in sorted(unknown.items()):
        print(f"\n{label}\n    {why}")
    unused = [one for one in exceptions if not one.used]
    uncalled = sorted(_operations() - {(exchange.method, exchange.route) for exchange in exchanges})
    print("\nOperations that no test called: " + (", ".join(" ".join(one) for one in uncalled) or "none"))
    return 1 if counts["either"]["unexplained"] or unused or uncalled else 0


def _operations() -> set[tuple[str, str]]:
    """Return method and template of every operation of the emulator's API."""
    return {(method, template) for method, template in router().operations() if template.startswith("/crm/")}


def _label(exchange: Exchange, known: bool) -> str:
    mark = "known" if known else "UNEXPLAINED"
    return f"{mark} {exchange.method} {exchange.route} {exchange.status} {exchange.code}"


def _why(verdicts: dict[str, Verdict]) -> str:
    lines = []
    for name, verdict in verdicts.items():
        lines.append(f"{name} {verdict.word}")
        lines += [f"    {text}" for each in verdict.differences for text in each[:MOST_LINES]]
    return "\n    ".join(lines)


if __name__ == "__main__":
    sys.exit(main())
