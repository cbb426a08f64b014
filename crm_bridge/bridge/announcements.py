"""Announcing a plan, and objecting to one of its contracts: what is held in time goes to the policy's hold list."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_bridge.domain.given_text import check_text
from crm_bridge.errors import NothingMatchedError, UsageError
from crm_bridge.files import ensure_private_folder
from crm_bridge.i18n import _
from crm_bridge.locks import hold
from crm_bridge.pipeline.planning.announcing import Objection, add_hold, deadline_of, journal_objection

if TYPE_CHECKING:
    from crm_bridge.bridge.bridge import Bridge
    from crm_bridge.bridge.plan_result import Plan


def hold_list_of(bridge: Bridge, connection: str) -> Path:
    """Return the hold list of a connection's policy. Raises UsageError where the policy names none."""
    config = bridge.env.config
    own = bridge.resolved(connection).config.policy
    named = (own.hold_list if own else None) or config.policy.hold_list
    if not named:
        raise UsageError(
            _("the policy of {name} has no hold list: an objection would hold nothing").format(name=connection),
            reason="no_hold_list",
            hint=_('add to config.toml: [policy] hold_list = "holds.csv"'),
        )
    return bridge.home / Path(named).expanduser()


def object_to(bridge: Bridge, plan: Plan, wanted: str, *, reason: str, by: str) -> Objection:
    """Put a contract of an announced plan on the hold list, with the objector's name; late, only journal it.

    Raises UsageError where the plan was not announced, NothingMatchedError for a contract that is not in it.
    """
    check_text(reason, by)
    deadline = deadline_of(bridge.journal, plan.digest)
    if deadline is None:
        raise UsageError(
            _("the plan was not announced"),
            reason="not_announced",
            hint=_("announce it with `crm-bridge plan ... --announce 3d`"),
        )
    found = [one for one in plan if wanted in (one.id, one.number)]
    if len(found) != 1:
        raise NothingMatchedError(
            _("{count} contracts of the plan are {wanted}").format(count=len(found), wanted=wanted),
            hint=_("name it by its id; see them with `crm-bridge plan show FILE --all`"),
        )
    path = hold_list_of(bridge, plan.head.connection)
    now: datetime = bridge.env.clock.now()
    objection = Objection(found[0].id, found[0].number or "", now >= deadline, deadline)
    with hold(ensure_private_folder(bridge.home / "locks") / "hold-list.lock", what="object"):
        if not objection.late:
            add_hold(path, found[0].id, f"{by}, {now.date()}: {reason}")
        journal_objection(bridge.journal, plan.digest, objection, f"{by}: {reason}")
    return objection
