"""BagIt folders (RFC 8493): a streaming writer, and a reader that trusts nothing."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from crm_bridge.errors import BackupError
from crm_bridge.files import fsync_folder
from crm_bridge.i18n import _
from crm_bridge.locks import hold_folder
from crm_bridge.vault.disk import create_file, read_file, write_file

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
INFO = "bag-info.txt"
PAYLOAD = "data"
FILES = "data/files"
_LINE = re.compile(r"([0-9a-f]{64})  (data/[A-Za-z0-9./-]+|[a-z0-9-]+\.txt)")


class BagWriter:
    """Builds a bag file by file. The payload manifest grows on disk, so memory does not grow with the bag."""

    def __init__(self, folder: Path, info: Mapping[str, str]) -> None:
        """Start a bag in a new folder. `info` says whose leftovers these are, should the writer die."""
        self._folder = folder
        folder.mkdir(mode=0o700)
        self._held = hold_folder(folder)
        (folder / PAYLOAD).mkdir(mode=0o700)
        (folder / FILES).mkdir(mode=0o700)
        with create_file(folder / INFO) as new_entry:
            new_entry.write(_info_bytes(info))
        self._manifest = create_file(folder / (MANIFEST + ".part"))
        self._digest = hashlib.sha256()
        self.bytes = 0
        self.files = 0

    def add(self, name: str, *, sha256: str, size: int) -> None:
        """Take a payload file into the manifest; it is already on disk under `name`, relative to the bag."""
        line = f"{sha256}  {name}\n".encode("ascii")
        self._manifest.write(line)
        self._digest.update(line)
        self.bytes += size
        self.files += 1

    def finish(self, info: Mapping[str, str]) -> str:
        """Write the manifests, last of all, make everything durable, and return the manifest's SHA-256."""
        self._manifest.flush()
        os.fsync(self._manifest.fileno())
        self._manifest.close()
        (self._folder / (MANIFEST + ".part")).rename(self._folder / MANIFEST)
        digest = self._digest.hexdigest()
        tags = {"bagit.txt": DECLARATION, INFO: _info_bytes({**info, "Payload-Oxum": f"{self.bytes}.{self.files}"})}
        (self._folder / INFO).unlink()
        for name, content in tags.items():
            write_file(self._folder / name, content)
        listed = {MANIFEST: digest} | {name: hashlib.sha256(content).hexdigest() for name, content in tags.items()}
        lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(listed.items()))
        write_file(self._folder / TAG_MANIFEST, lines.encode("ascii"))
        for name in (FILES, PAYLOAD, "."):
            fsync_folder(self._folder / name)
        self._let_go()
        return digest

    def abandon(self) -> None:
        """Let go of the open manifest and of the folder."""
        self._manifest.close()
        self._let_go()

    def _let_go(self) -> None:
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


def _info_bytes(info: Mapping[str, str]) -> bytes:
    return "".join(f"{label}: {_one_line(value)}\n" for label, value in info.items()).encode("utf-8")


def _one_line(value: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in value).strip()


def read_info(folder: Path) -> dict[str, str]:
    """Return the labels of bag-info.txt; a missing or unreadable file is empty."""
    try:
        text = read_file(folder / INFO).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition(": ") for line in text.splitlines())
    return {label: value for label, separator, value in pairs if separator}


def read_manifest(folder: Path, name: str = MANIFEST) -> dict[str, str]:
    """Return path -> SHA-256. Raises BackupError for anything that our writer does not write."""
    try:
        text = read_file(folder / name).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_manifest(name) from error
    listed: dict[str, str] = {}
    for line in text.splitlines(keepends=True):
        matched = _LINE.fullmatch(line.removesuffix("\n"))
        if matched is None or not line.endswith("\n") or matched[2] in listed or ".." in matched[2]:
            raise _bad_manifest(name)
        listed[matched[2]] = matched[1]
    return listed


def _bad_manifest(name: str) -> BackupError:
    return BackupError(_("{name} in the vault is damaged or missing").format(name=name), reason="damaged")


def damaged_tags(folder: Path) -> list[str]:
    """Return the names of the tag files that are not what was written: cheap, and without any key."""
    try:
        listed = read_manifest(folder, TAG_MANIFEST)
    except BackupError:
        return [TAG_MANIFEST]
    wrong = [] if set(listed) == {"bagit.txt", INFO, MANIFEST} else [TAG_MANIFEST]
    for name, sha256 in listed.items():
        try:
            content = read_file(folder / name)
        except (OSError, BackupError):
            wrong.append(name)
            continue
        if hashlib.sha256(content).hexdigest() != sha256 or (name == "bagit.txt" and content != DECLARATION):
            wrong.append(name)
    return wrong


def manifest_digest(folder: Path) -> str:
    """Return the SHA-256 of the payload manifest: the digest of the set."""
    try:
        return hashlib.sha256(read_file(folder / MANIFEST)).hexdigest()
    except OSError as error:
        raise _bad_manifest(MANIFEST) from error


def payload_files(folder: Path) -> Iterator[str]:
    """Yield every name below data/, files and whatever else lies there, without following links."""
    for root, folders, files in os.walk(folder / PAYLOAD):
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in files + links:
            yield (Path(root) / name).relative_to(folder).as_posix()


def payload_bytes(info: Mapping[str, str]) -> int:
    """Return the bytes that Payload-Oxum names, 0 where it is missing or unreadable."""
    text = info.get("Payload-Oxum", "").partition(".")[0]
    return int(text) if text.isdecimal() else 0
