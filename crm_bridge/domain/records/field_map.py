"""Rules about which vendor field may stand for a field of every contract."""

from __future__ import annotations

from collections.abc import Collection

from crm_bridge.domain.filters.tree import Filter, fields_of
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _


def is_system_field(name: str, known: Collection[str]) -> bool:
    """Return whether a field is the record's own state and no business field: `$...`, `...__s`, or a `known` one.

    Recognition by label takes none of these for any meaning. A field that a meaning names outright (its owner, the
    time of its creation) is no guess and may be one.
    """
    return name.startswith("$") or name.endswith("__s") or name in known


def require_meanings(where: Filter, mapped: Collection[str], *, module: str) -> None:
    """Raise UsageError for a condition on a field of every contract that this module does not have."""
    for field in sorted(fields_of(where), key=lambda one: one.name):
        if not field.vendor and field.name != "id" and field.name not in mapped:
            raise UsageError(
                _("{module} has no field that is known to hold the {meaning} of a contract").format(
                    module=module, meaning=field.name
                ),
                reason="no_such_field",
                hint=_('name it in the connection, as fields = {{ {meaning} = "..." }}').format(meaning=field.name),
            )
