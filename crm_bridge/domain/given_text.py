"""Text that a person or a program gives: refused where it is no text, before anything is done with it."""

from __future__ import annotations

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _


def check_text(*texts: str) -> None:
    """Raise UsageError for a text with half characters: what Python makes of bytes that are no UTF-8."""
    for number, text in enumerate(texts, start=1):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            shown = text.encode("utf-8", "replace").decode().replace("\ufffd", "?")
            raise UsageError(
                _("word {number} ({word}) is not in the encoding of this terminal").format(number=number, word=shown),
                reason="encoding",
                hint=_("write it in UTF-8: set the terminal, or LC_ALL, to a UTF-8 locale such as C.UTF-8"),
            ) from None
