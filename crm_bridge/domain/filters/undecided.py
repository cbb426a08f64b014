"""Contracts that a filter could not judge: counted, with the fields that leave them open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from crm_bridge.domain.contract import Contract, Untold
from crm_bridge.i18n import N_, _

EXAMPLES = 5
_WORDS: Mapping[Untold, str] = {
    Untold.NOT_VISIBLE: N_("{field} is not visible to this user"),
    Untold.UNRESOLVED: N_("the name behind {field} was not given"),
    Untold.LEFT_OUT: N_("{field} was left out by the CRM"),
    Untold.UNREADABLE: N_("the value of {field} cannot be read"),
    Untold.NO_FIELD: N_("the module has no field for {field}"),
    Untold.NOT_KEPT: N_("a plan does not keep {field}"),
}


@dataclass(slots=True)
class Undecided:
    """The contracts of one selection whose answer is unknown. They are never selected."""

    count: int = 0
    causes: Counter[tuple[str, Untold]] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, contract: Contract, open_fields: Mapping[str, Untold]) -> None:
        """Count one contract and what leaves it open."""
        self.count += 1
        self.causes.update(open_fields.items())
        if len(self.examples) < EXAMPLES:
            self.examples.append(contract.label)

    def text(self) -> str:
        """Return one sentence: how many, why, and some of them by number."""
        parts = ", ".join(
            _(_WORDS[why]).format(field=name) + f" ({count})" for (name, why), count in self.causes.most_common()
        )
        return _("{count} could not be judged: {causes}; for example {examples}").format(
            count=self.count, causes=parts, examples=", ".join(self.examples)
        )
