"""OAuth scopes: what each job needs, and which of them a sign-in lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from crm_bridge.domain.capabilities import Step
from crm_bridge.i18n import N_

SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.coql.READ",
    "ZohoSearch.securesearch.READ",
    "ZohoCRM.mass_delete.ALL",
    "ZohoCRM.files.READ",
    "ZohoCRM.files.CREATE",
    "ZohoCRM.users.READ",
    "ZohoCRM.org.READ",
)
"""What `login` asks for. Least privilege leaves out what the jobs below name and nobody uses."""


@dataclass(frozen=True, slots=True)
class Need:
    """One job and its scope; `{module}` stands for the contract module. Without it, `step` is impossible."""

    job: str
    scope: str
    step: Step | None = None


NEEDS = (
    Need(N_("finding contracts"), "ZohoCRM.coql.READ"),
    Need(N_("reading contracts"), "ZohoCRM.modules.{module}.READ"),
    Need(N_("searching for words"), "ZohoSearch.securesearch.READ"),
    Need(N_("deleting contracts"), "ZohoCRM.modules.{module}.DELETE", Step.TRASH),
    Need(N_("the fast path"), "ZohoCRM.mass_delete.{module}.DELETE"),
    Need(N_("seeing the recycle bin"), "ZohoCRM.settings.recycle_bin.READ"),
    Need(N_("deleting for good"), "ZohoCRM.settings.recycle_bin.DELETE", Step.PURGE),
    Need(N_("restoring from the bin"), "ZohoCRM.settings.recycle_bin.UPDATE"),
    Need(N_("re-creating contracts"), "ZohoCRM.modules.{module}.CREATE"),
    Need(N_("backing up notes"), "ZohoCRM.modules.notes.READ"),
    Need(N_("restoring notes"), "ZohoCRM.modules.notes.CREATE"),
    Need(N_("backing up attachments"), "ZohoCRM.modules.attachments.READ"),
    Need(N_("restoring attachments"), "ZohoCRM.modules.attachments.CREATE"),
    Need(N_("restoring files in fields"), "ZohoCRM.files.CREATE"),
)


def parsed(told: str) -> frozenset[str] | None:
    """Return the scopes that a token answer names; None when it names none, which proves nothing."""
    return frozenset(re.split(r"[,\s]+", told.strip())) if told.strip() else None


def lacking(granted: Collection[str] | None, module: str, *, custom: bool) -> Iterator[Need]:
    """Yield the jobs that these scopes do not allow; nothing when Zoho did not say what was granted.

    `module` is the API name of the contract module; scopes of a `custom` one may say so instead of naming it.
    """
    for need in NEEDS if granted is not None else ():
        if not any(_covers(granted or (), scope) for scope in _spelled(need.scope, module, custom)):
            yield Need(need.job, need.scope.replace("{module}", "custom" if custom else module), need.step)


def _spelled(scope: str, module: str, custom: bool) -> Iterator[str]:
    yield scope.replace("{module}", module)
    if custom:
        yield scope.replace("{module}", "custom")


def _covers(granted: Collection[str], scope: str) -> bool:
    """Return whether this scope or a wider one is there: a shorter area covers a longer one, ALL every operation."""
    *area, operation = scope.split(".")
    wanted = {"ALL", operation} | ({"WRITE"} if operation != "READ" else set())
    stems = [".".join(area[:length]) for length in range(2, len(area) + 1)]
    return any(f"{stem}.{one}" in granted for stem in stems for one in wanted)
