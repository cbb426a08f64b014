"""What all parts of the exam share: the adapter under test, what its emulator can be told, the bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from crm_bridge.domain.capabilities import Fact, Step, Support
from crm_bridge.domain.contract import RecordState
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import RemoveOptions, RemoveResult, Verdict
from crm_bridge.spi.spec import AdapterSpec
from crm_bridge.testing.bench import Bench, bench

try:
    import pytest
except ImportError:
    raise UsageError(
        _("the exam for adapters needs the package {name}").format(name="pytest"), hint=_("install it for your tests")
    ) from None

Order: TypeAlias = tuple[str, Mapping[str, Any]]
"""A control command of the emulator and its arguments."""

OPTIONS = RemoveOptions()


class Exam:
    """Set `spec` in the subclass; the other values only where the emulator differs from the common ones."""

    spec: ClassVar[AdapterSpec]
    contracts: ClassVar[int] = 30
    """How many contracts each case finds in the CRM."""
    settings: ClassVar[Mapping[str, object]] = {}
    """Settings of the connection besides those of the emulator."""
    can_lock: ClassVar[bool] = True
    """Whether this CRM can lock a record (control `lock`)."""
    take_right: ClassVar[Order | None] = None
    """What takes the right to trash contracts from our user."""
    expire_tokens: ClassVar[Order | None] = ("expire_tokens", {})
    """What makes every access token invalid; None where the CRM has none."""
    revoke: ClassVar[Order | None] = None
    """What makes the secrets of the connection worthless."""
    hide: ClassVar[str | None] = None
    """The command that hides one record ({id}) from our user; None where that cannot be."""
    tells_hidden: ClassVar[bool] = False
    """Whether this CRM answers otherwise about a hidden record than about one that is not there."""
    halting: ClassVar[Order | None] = None
    """What makes the CRM refuse every deletion for a reason that stops a run."""
    show: ClassVar[Order | None] = None
    """What shows a hidden record again; its id is added to the arguments."""
    merge: ClassVar[str | None] = None
    """The command that merges one record ({id, into}) into another; None where the CRM has no such thing."""
    skew: ClassVar[str | None] = None
    """The command that sets the CRM's clock ahead ({seconds}); None where the emulator cannot."""

    late: ClassVar[tuple[str, ...]] = ("note", "file", "line")
    """What can be added to a contract (control `add`); fewer where this CRM has no such thing."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        """Serve a fresh CRM and connect to it."""
        with bench(self.spec, tmp_path, contracts=self.contracts, settings=self.settings) as found:
            yield found

    def needs(self, fact: Fact) -> None:
        """Leave the case out where the CRM cannot do it."""
        if fact.support is Support.ABSENT:
            pytest.skip(f"{self.spec.name} says it cannot: {fact.source}")

    def deletable(self, bench: Bench, count: int) -> list[str]:
        """Return ids of contracts that nothing holds back, in the emulator's order."""
        normal = {one.id for one in bench.listing()[0] if one.state is RecordState.NORMAL}
        found = [one for one in bench.ids() if one in normal][:count]
        assert len(found) == count, f"the emulator has fewer than {count} contracts that can be deleted"
        return found

    def trash(self, bench: Bench, *ids: str) -> Sequence[RemoveResult]:
        """Trash contracts that can be trashed."""
        self.needs(self.spec.capabilities.trash)
        answers = bench.adapter.remove(Step.TRASH, bench.refs(*ids), options=OPTIONS)
        assert [one.verdict for one in answers] == [Verdict.DONE] * len(ids), answers
        return answers

    def vanish(self, bench: Bench, *ids: str) -> None:
        """Remove contracts for good, the way this CRM does it."""
        if self.spec.capabilities.trash.support is not Support.ABSENT:
            self.trash(bench, *ids)
        self.needs(self.spec.capabilities.purge)
        answers = bench.adapter.remove(Step.PURGE, bench.refs(*ids), options=OPTIONS)
        assert [one.verdict for one in answers] == [Verdict.DONE] * len(ids), answers

    def edit(self, bench: Bench, record_id: str, text: str = "changed by somebody else") -> str:
        """Let somebody else change a text field of a contract; returns the field's name."""
        fields = [one for one in bench.adapter.whoami().fields if one.writable and not one.options]
        by_meaning = {one.meaning: one.name for one in fields}
        name = by_meaning.get("title") or by_meaning.get("number")
        assert name, "no writable field means title or number"
        bench.control("edit", id=record_id, field=name, value=text)
        return name
