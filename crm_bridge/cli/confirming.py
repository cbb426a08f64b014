"""How a plan is confirmed at the command line: by its digest, or by typing the phrase that the card shows."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Literal

from crm_bridge.cli.options import shared
from crm_bridge.cli.terminal.output import Output
from crm_bridge.errors import ConfirmationError
from crm_bridge.i18n import _, ngettext

_TRIES = 3

if TYPE_CHECKING:
    from crm_bridge.bridge import Plan


def origin() -> Literal["person", "program"]:
    """Return whether a person chooses at a terminal, or a program does."""
    return "person" if sys.stdin.isatty() and sys.stderr.isatty() else "program"


def ask(plan: Plan) -> str:
    """Show the plan's card and return what was typed. Without a terminal the answer is no."""
    from crm_bridge.cli.views.plan_view import plan_card

    somebody = sys.stdin.isatty() and sys.stderr.isatty()
    if somebody or not shared().as_json:
        plan_card(plan, out=sys.stderr)
    if not somebody:
        raise ConfirmationError(
            ngettext(
                "nobody is there to confirm the deletion of {count} contract; nothing was sent",
                "nobody is there to confirm the deletion of {count} contracts; nothing was sent",
                plan.count,
            ).format(count=plan.count),
            reason="not_confirmed",
            hint=_("look at the plan, then add: --confirm {digest}").format(digest=plan.digest),
        )
    return _read(plan.phrase, plan.digest)


def typed(phrase: str, digest: str) -> str:
    """Ask for a phrase and return what was typed. Without a terminal the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfirmationError(
            _("nobody is there to confirm; nothing was changed"),
            reason="not_confirmed",
            hint=_("look at it, then add: --confirm {digest}").format(digest=digest),
        )
    return _read(phrase, digest)


def _read(phrase: str, digest: str) -> str:
    """Return what was typed; a slip may be put right twice."""
    Output.note(_("Type this to go on, nothing to stop:"))
    Output.note(f"  {phrase}")
    for left in range(_TRIES - 1, -1, -1):
        answer = " ".join(typed_line().split())
        if not answer or answer in (phrase, digest):
            break
        if left:
            Output.note(_("That is not the phrase; nothing was sent. Type it again:"))
    return answer


def typed_line() -> str:
    """Return the line that is typed. Raises ConfirmationError at Ctrl-C and at the end of the input."""
    # While a person thinks, Ctrl-C means "no", not "finish the call in flight".
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        Output.prompt("> ")
        return input()
    except (EOFError, KeyboardInterrupt):
        Output.note("")
        raise ConfirmationError(
            _("not confirmed; nothing was sent"),
            reason="not_confirmed",
            hint=_("run the same command again once you are sure"),
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)
