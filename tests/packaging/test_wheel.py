"""The wheel: one file with three packages, both adapters found, typed, with its messages, without tests."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel as pip does, without fetching anything."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", str(folder), str(ROOT)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = folder.glob("crm_bridge-*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_it_holds_the_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "crm_bridge",
        "crm_bridge_zoho",
        "crm_bridge_fxiaoke",
    }


def test_type_checkers_and_readers_of_chinese_find_what_they_need(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {f"{package}/py.typed" for package in ("crm_bridge", "crm_bridge_zoho", "crm_bridge_fxiaoke")} <= names
    assert "crm_bridge/locales/zh_CN/LC_MESSAGES/crm_bridge.mo" in names


def test_adapters_and_the_command_are_entry_points(wheel: zipfile.ZipFile) -> None:
    (path,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(path).decode()
    assert "crm-bridge = crm_bridge.cli.main:main" in text
    assert "zoho = crm_bridge_zoho:ADAPTER" in text
    assert "fxiaoke = crm_bridge_fxiaoke:ADAPTER" in text


def test_the_licence_goes_along(wheel: zipfile.ZipFile) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_the_source_archive_holds_everything_that_its_tests_need(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    (path,) = tmp_path.glob("crm_bridge-*.tar.gz")
    with tarfile.open(path) as archive:
        held = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=60).stdout.split(
        "\n"
    )
    assert [name for name in listed if name and name not in held] == []
