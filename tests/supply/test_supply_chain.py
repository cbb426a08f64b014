"""What the project is built from: pinned, hashed, listed; and nothing without a hash gets in."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements/dev.txt", "requirements/audit.txt", "requirements/site.txt")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(lock: str) -> list[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return [block for block in re.split(r"\n(?=[A-Za-z0-9])", "\n" + text) if re.match(r"\s*[A-Za-z0-9]", block)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_hashed(lock: str) -> None:
    found = blocks(lock)
    assert len(found) > 20
    loose = [block.split()[0] for block in found if not re.match(r"\s*[\w.-]+(\[[\w,-]+\])?==\S+", block)]
    unhashed = [block.split()[0] for block in found if "--hash=sha256:" not in block]
    assert (loose, unhashed) == ([], [])


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_registry(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|file:\S+|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    direct += [one for extra in project["project"]["optional-dependencies"].values() for one in extra]
    names = {re.match(r"[A-Za-z0-9._-]+", one)[0].lower().replace("_", "-") for one in direct}  # type: ignore[index]
    locked = {block.split("==")[0].strip().split("[")[0].lower() for block in blocks(LOCKS[0])}
    assert names - locked == set()


def extras_asked_for(lock: str) -> Iterator[tuple[str, str]]:
    """Yield (package, extra) for what the installed packages of a lock file need: `coverage[toml]` of pytest-cov."""
    for name in (block.split("==")[0].strip().split("[")[0] for block in blocks(lock)):
        try:
            needed = requires(name) or []
        except PackageNotFoundError:  # meant for another platform
            continue
        for one in needed:
            if (found := re.match(r"([\w.-]+)\[([\w,.-]+)\]", one)) and "extra ==" not in one:
                yield from ((found[1].lower().replace("_", "-"), extra) for extra in found[2].split(","))


def test_a_package_that_is_needed_with_an_extra_is_locked_with_it() -> None:
    # Otherwise pip looks for the newest release that has the extra, and refuses it for want of a hash.
    locked = {
        (found[1].lower(), extra)
        for block in blocks(LOCKS[0])
        if (found := re.match(r"\s*([\w.-]+)\[([\w,-]+)\]==", block))
        for extra in found[2].split(",")
    }
    asked = set(extras_asked_for(LOCKS[0]))
    assert ("coverage", "toml") in asked
    assert asked - locked == set()


def test_there_are_few_direct_dependencies_and_each_has_a_floor() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct = project["project"]["dependencies"]
    assert len(direct) <= 12
    assert [one for one in direct if not re.search(r">=\d", one)] == []
    floor = next(one for one in direct if one.startswith("urllib3"))
    assert floor == "urllib3>=2.6.3"


def wheel(folder: Path) -> Path:
    """Make the smallest package that pip would install."""
    path = folder / "smallest-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr("smallest-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: smallest\nVersion: 1.0\n")
        archive.writestr(
            "smallest-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("smallest-1.0.dist-info/RECORD", "")
    return path


@pytest.mark.parametrize(("suffix", "taken"), [("", False), (" --hash=sha256:" + "0" * 64, False), ("right", True)])
def test_a_package_without_its_hash_is_refused(tmp_path: Path, suffix: str, taken: bool) -> None:
    digest = sha256(wheel(tmp_path).read_bytes()).hexdigest()
    suffix = suffix.replace("right", f" --hash=sha256:{digest}")
    (tmp_path / "r.txt").write_text(f"smallest==1.0{suffix}\n")
    options = ["--require-hashes", "--no-index", "--find-links", str(tmp_path), "--dry-run", "--isolated"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "-r", str(tmp_path / "r.txt")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is taken, done.stderr
    assert taken or "hash" in done.stderr.lower()


def test_the_bill_of_materials_lists_every_direct_dependency_with_its_hashes() -> None:
    bill = script("sbom").bill(frozenset())
    listed = {one["name"]: one for one in bill["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct = {re.match(r"[A-Za-z0-9._-]+", one)[0] for one in project["project"]["dependencies"]}  # type: ignore[index]
    assert direct - listed.keys() == set()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert all(one["purl"] == f"pkg:pypi/{name}@{one['version']}" for name, one in listed.items())
    references = {one["bom-ref"] for one in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {ref for one in bill["dependencies"] for ref in (one["ref"], *one["dependsOn"])} <= references


def test_the_bill_is_the_same_every_time() -> None:
    make = script("sbom").bill
    assert json.dumps(make(frozenset())) == json.dumps(make(frozenset()))


def test_an_advisory_fails_the_audit_and_an_unreachable_index_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    report = script("audit_report").report
    clean = {"name": "a", "version": "1", "vulns": []}
    bad = {"name": "b", "version": "2", "vulns": [{"id": "GHSA-1", "fix_versions": ["3"]}]}
    unknown = {"name": "c", "skip_reason": "not found"}
    assert [report("f", one) for one in (None, [unknown], [clean], [clean, bad])] == [True, True, True, False]
    assert "b 2: GHSA-1, fixed in 3" in capsys.readouterr().out
