"""The words of the vendors' reference pages in one language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from crm_bridge.i18n import in_language

WORDS = Path(__file__).resolve().parent.parent / "docs" / "zh_CN" / "reference" / "vendor_pages.po"


@dataclass(frozen=True)
class Tongue:
    """A language, and the texts that were asked for and that nobody has translated."""

    language: str
    words: Catalog
    missing: list[str] = field(default_factory=list)

    def say(self, text: str) -> str:
        """Return a text in this language, from the pages' own words or from the program's catalogue."""
        if self.language == "en" or not text:
            return text
        said = self._known(text) or in_language(self.language, text)
        if said == text:
            self.missing.append(text)
        return said

    def cite(self, source: str) -> str:
        """Return a source: an address as a link, else piece by piece; names and paths stay as they are."""
        if source.startswith("https://"):
            return f"[{source.rsplit('/', 1)[-1]}]({source})"
        if self.language == "en":
            return source
        return "".join(self._known(piece) or piece for piece in re.split(r"([,;:] )", source))

    def _known(self, text: str) -> str:
        entry = self.words.get(text)
        return str(entry.string) if entry else ""


def tongue(language: str) -> Tongue:
    """Return a language of the pages, `en` or `zh`."""
    with WORDS.open("rb") as file:
        return Tongue(language, read_po(file, locale="zh_CN"))
