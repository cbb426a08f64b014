"""Messages in the reader's language: English source text, gettext catalogues beside this file."""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

DOMAIN = "crm_bridge"
LOCALES = Path(__file__).parent / "locales"
LANGUAGES = ("en", "zh_CN")

_active = "en"


def language_from(environ: Mapping[str, str]) -> str:
    """Choose `en` or `zh_CN` from CRM_BRIDGE_LANG, then the POSIX locale variables in their order of precedence."""
    for name in ("CRM_BRIDGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "zh_CN" if value.lower().startswith("zh") else "en"
    return "en"


def system_language() -> str:
    """Choose the language of this process: environment first, then what the operating system reports."""
    if any(os.environ.get(name) for name in ("CRM_BRIDGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")):
        return language_from(os.environ)
    reported = locale.getlocale()[0] or ""
    return "zh_CN" if reported.lower().startswith(("zh", "chinese")) else "en"


def use_language(language: str) -> None:
    """Switch every later message to `language`; anything but Chinese means the English source text."""
    global _active
    _active = "zh_CN" if language.lower().startswith("zh") else "en"


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let every message inside be in `language`."""
    before = _active
    use_language(language)
    try:
        yield
    finally:
        use_language(before)


def active_language() -> str:
    """Return the language in use, `en` or `zh_CN`."""
    return _active


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALES, languages=[language], fallback=True)


def _(message: str) -> str:
    """Return `message` in the active language. Format values into the result, never into the argument."""
    return in_language(_active, message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form that fits `count` in the active language."""
    return _catalogue(_active).ngettext(singular, plural, count)


def in_language(language: str, message: str) -> str:
    """Return `message` in a given language, whatever the active one is (receipts carry both)."""
    if not message:  # gettext keeps the catalogue's own header under the empty text
        return ""
    return _catalogue("zh_CN" if language.startswith("zh") else "en").gettext(message)


def N_(message: str) -> str:  # noqa: N802 - the gettext convention for "mark now, translate later"
    """Mark a message for extraction without translating it now: for tables of data."""
    return message
