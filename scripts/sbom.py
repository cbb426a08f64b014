"""Write a CycloneDX 1.6 bill of materials: what an installation of crm_bridge consists of, with the locked hashes.

    python scripts/sbom.py [--extra NAME]... [--output FILE]

Read from the installed metadata and from requirements/dev.txt; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
PROJECT = "crm-bridge"


def canonical(name: str) -> str:
    """Return a name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_hashes(text: str) -> Mapping[str, list[str]]:
    """Return the SHA-256 digests that the lock file accepts, by package."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if match := re.match(r"^([A-Za-z0-9._-]+)==", line):
            name = canonical(match[1])
        found.setdefault(name, []).extend(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return found


def needs(dist: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the packages that a distribution needs here, with the extras of them."""
    from packaging.requirements import Requirement

    for text in dist.requires or ():
        wanted = Requirement(text)
        chosen = [{"extra": extra} for extra in ("", *extras)]
        if wanted.marker is None or any(wanted.marker.evaluate(one) for one in chosen):
            yield canonical(wanted.name), frozenset(wanted.extras)


def closure(extras: frozenset[str]) -> dict[str, tuple[Distribution, list[str]]]:
    """Return every installed distribution that the project needs, each with the names that it needs itself."""
    found: dict[str, tuple[Distribution, list[str]]] = {}
    waiting = [(PROJECT, extras)]
    while waiting:
        name, chosen = waiting.pop()
        if name in found:
            continue
        try:
            dist = distribution(name)
        except PackageNotFoundError:
            continue  # not for this platform
        wanted = sorted(set(needs(dist, chosen)), key=lambda one: one[0])
        found[name] = (dist, [one for one, _extras in wanted])
        waiting += wanted
    return found


def component(dist: Distribution, hashes: list[str]) -> dict[str, Any]:
    """Return one component; its licence as its own metadata says it."""
    name, version = canonical(dist.metadata["Name"]), dist.version
    reference = f"pkg:pypi/{name}@{version}"
    said = dist.metadata.json  # keys in lower case, and no error for one that is missing
    licence = str(said.get("license_expression") or said.get("license") or "").split("\n")[0][:80]
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
    }
    if licence:
        entry["licenses"] = [{"license": {"name": licence}}]
    if hashes:
        entry["hashes"] = [{"alg": "SHA-256", "content": one} for one in sorted(hashes)]
    return entry


def bill(extras: frozenset[str]) -> dict[str, Any]:
    """Return the whole document."""
    found, hashes = closure(extras), locked_hashes(LOCK.read_text(encoding="utf-8"))
    project = component(found[PROJECT][0], []) | {"type": "application"}
    references = {name: component(dist, [])["bom-ref"] for name, (dist, _needs) in found.items()}
    components = [
        component(dist, hashes.get(name, [])) for name, (dist, _n) in sorted(found.items()) if name != PROJECT
    ]
    relations = [
        {"ref": references[name], "dependsOn": sorted(references[one] for one in wanted if one in references)}
        for name, (_dist, wanted) in sorted(found.items())
    ]
    body = {"metadata": {"component": project}, "components": components, "dependencies": relations}
    serial = uuid5(NAMESPACE_URL, json.dumps(body, sort_keys=True))
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1, **body}


def main() -> int:
    """Write the bill to a file or to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", action="append", default=[])
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    text = json.dumps(bill(frozenset(chosen.extra)), indent=2, ensure_ascii=False) + "\n"
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
