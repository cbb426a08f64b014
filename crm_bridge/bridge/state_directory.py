"""One state directory: its journal, its vault, its keys, its runs and their receipts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crm_bridge.bridge.journal_verbs import JOURNAL_FOLDER, JournalVerbs
from crm_bridge.bridge.setup.actor import os_user
from crm_bridge.pipeline.stopping import Progress

if TYPE_CHECKING:
    from crm_bridge.bridge.approvals import Approvals
    from crm_bridge.bridge.plan_result import Plan
    from crm_bridge.bridge.run_result import Receipt, Run
    from crm_bridge.bridge.setup.own_keys import OwnKey
    from crm_bridge.pipeline.planning.outliers import Outlier
    from crm_bridge.pipeline.planning.plan_sharing import PlanOutline
    from crm_bridge.pipeline.receipt import Withdrawal
    from crm_bridge.pipeline.runs import RunInfo
    from crm_bridge.pipeline.vault_admin.retention import VaultRetention
    from crm_bridge.vault import Vault


class StateDirectory(JournalVerbs):
    """Journal, vault, keys and runs of a state directory, opened when first used; nothing here signs in."""

    progress: Progress

    @property
    def receipts(self) -> Path:
        """Return where receipts are kept."""
        from crm_bridge.files import ensure_private_folder

        folder = self.home / "receipts"
        return folder if self._only_readable(self.home) else ensure_private_folder(folder)

    def make_keys(self) -> tuple[str, ...]:
        """Make the keys of journal and backups that are missing; return their names. Raises JournalError.

        They go where `secrets_dir` or `secrets_file` say, else where secrets are kept for good.
        """
        from crm_bridge.bridge.setup.own_keys import make_missing, refuse_strange_journal
        from crm_bridge.config import FILE_NAME
        from crm_bridge.files import write_private

        if not (self.home / FILE_NAME).exists():  # who only reads and approves has keys and no connection
            write_private(self.home / FILE_NAME, b"")
        keys = self.env.writable_keys()
        refuse_strange_journal(self.home / JOURNAL_FOLDER, keys)
        return make_missing(keys, self.env.randomness)

    def own_keys(self) -> list[OwnKey]:
        """Describe the keys of journal and backups without showing them."""
        from crm_bridge.bridge.setup.own_keys import own_keys

        return own_keys(self.env.keys, self.env.keys.name)

    @cached_property
    def vault(self) -> Vault:
        """Return the vault."""
        from crm_bridge.vault import Vault

        return Vault(
            self.home / "vault",
            keys=self.env.keys,
            clock=self.env.clock,
            randomness=self.env.randomness,
            attachment_cap=self.env.config.max_attachment_mb * 1024 * 1024,
        )

    @property
    def retention(self) -> VaultRetention:
        """Return what checks, prunes and shreds backup sets; opens the journal."""
        from crm_bridge.pipeline.vault_admin.retention import VaultRetention

        return VaultRetention(self.vault, self.journal, self.env.clock, os_user())

    def open_plan(self, path: Path | str) -> Plan:
        """Read a plan file and check that nothing in it was altered. Needs no connection.

        >>> path = crm.plan(number="HT-2025-0001", output=folder / "one.plan").path
        >>> bridge.open_plan(path).count
        1
        """
        from crm_bridge.bridge.plan_result import Plan
        from crm_bridge.pipeline.planning.plan_file import open_plan

        self.progress("plan", 0, None)
        return Plan(open_plan(Path(path), journal=self.journal))

    def read_plan(self, path: Path | str) -> Plan | PlanOutline:
        """Read a plan of this installation, one that was sealed for this reader, or the outline of any other.

        Only plans that `open_plan` returns can be carried out here. Raises ConfirmationError for an altered plan.

        >>> bridge.read_plan(crm.plan(number="HT-2025-0001").path).count
        1
        """
        from crm_bridge.bridge.plan_result import Plan
        from crm_bridge.pipeline.planning.plan_sharing import PlanOutline, read_anywhere
        from crm_bridge.vault.crypto.keys import MasterKey

        master = MasterKey(self.env.keys)
        journal = self.journal if any((self.home / JOURNAL_FOLDER).glob("*.sqlite*")) else None
        read = read_anywhere(Path(path), journal=journal, identity=master.load() if master.is_there() else None)
        return read if isinstance(read, PlanOutline) else Plan(read)

    def outliers(self, plan: Plan) -> Iterator[Outlier]:
        """Stream the contracts of a plan that are not like the others in it, each with the reasons; nothing is asked.

        >>> [outlier.contract.number for outlier in bridge.outliers(crm.plan(number="HT-2025-0001"))]
        []
        """
        from crm_bridge.pipeline.planning.outliers import outliers

        return outliers(plan.file)

    def revise_plan(
        self, plan: Plan, output: Path, *, drop: Sequence[str] = (), keep: Sequence[str] = (), force: bool = False
    ) -> Plan:
        """Write a plan without some outliers, or with some acknowledged: by rule, id or number. Nothing is asked.

        It is another plan, as old as the first. Raises UsageError for what names no outlier.

        >>> try:
        ...     bridge.revise_plan(crm.plan(number="HT-2025-0001"), folder / "less.plan", drop=["amount"])
        ... except UsageError as wrong:
        ...     print(wrong.reason)
        no_outlier
        """
        from crm_bridge.bridge.plan_result import Plan
        from crm_bridge.clock import new_id
        from crm_bridge.overwriting import check_replaceable
        from crm_bridge.pipeline.planning.outliers import revise_plan
        from crm_bridge.pipeline.planning.plan_file import is_plan

        check_replaceable(output, is_plan, force=force)
        plan.file.check_ours(self.journal)
        dice, new = self.env.randomness, new_id(self.env.clock, self.env.randomness)
        return Plan(revise_plan(plan.file, self.journal, new, drop=drop, keep=keep, output=output, randomness=dice))

    @property
    def approvals(self) -> Approvals:
        """Return what signs plans of others here, and knows who may approve ours.

        >>> bridge.approvals.of(crm.plan(number="HT-2025-0001"))
        ([], [])
        """
        from crm_bridge.bridge.approvals import Approvals

        return Approvals(self)

    def share_plan(self, plan: Plan, readers: Sequence[str], output: Path | None = None) -> Path:
        """Seal a plan's key for readers elsewhere: members of the team, or `age1...`; its digest stays.

        >>> reader = bridge.own_keys()[-1].public
        >>> bridge.share_plan(crm.plan(number="HT-2025-0001"), [reader], folder / "shared.plan").name
        'shared.plan'
        """
        from crm_bridge.overwriting import check_replaceable
        from crm_bridge.pipeline.planning.plan_file import is_plan
        from crm_bridge.pipeline.planning.plan_sharing import share_plan

        path = output or plan.path
        check_replaceable(path, is_plan, force=False)
        share_plan(plan.file, self.approvals.readers(readers), self.journal, path)
        return path

    def runs(self) -> Iterator[RunInfo]:
        """Return every run, oldest first, from the journal.

        >>> [(info.ref.connection, info.count, info.complete) for info in bridge.runs()][:1]
        [('zoho-sandbox', 1, True)]
        """
        from crm_bridge.pipeline.runs import all_runs

        return all_runs(self.journal)

    def run(self, run_id: str | None = None) -> RunInfo:
        """Return a run by id or its beginning, or the last one.

        >>> bridge.run().id == bridge.run(run.id[:20]).id
        True
        """
        from crm_bridge.pipeline.runs import find_run

        return find_run(self.journal, run_id)

    def status(self, run_id: str | None = None) -> Run:
        """Return where every contract of a run stands, from the journal (and the kept plan, for names) alone.

        >>> bridge.status(run.id).exit_code
        <ExitCode.OK: 0>
        """
        from crm_bridge.bridge.run_reading import read_run
        from crm_bridge.pipeline.runs import find_run

        return read_run(self, find_run(self.journal, run_id))

    def find_removed(self, wanted: str, *, connection: str | None = None) -> tuple[str, str]:
        """Return (run id, record id) of the last run that went through the gate with this contract id or number.

        `connection` narrows. Raises UsageError, and AmbiguousContractError where several contracts are meant.

        >>> run_id, record_id = bridge.find_removed(removed.number, connection="zoho-sandbox")
        >>> record_id == removed.id
        True
        """
        from crm_bridge.bridge.removals import the_removal

        removal = the_removal(self, wanted, connection=connection)
        return removal.run.id, removal.record_id

    def removed(self, wanted: str, *, connection: str | None = None) -> list[str]:
        """Return the runs that went through the gate with a contract of this id or number."""
        from crm_bridge.bridge.removals import removals

        return [removal.run.id for removal in removals(self, wanted, connection=connection)]

    def issue_receipt(self, run_id: str | None = None, *, record_id: str | None = None) -> Receipt:
        """Issue the receipt of a run, or of one contract in it, from the journal.

        >>> receipt = bridge.issue_receipt(run.id, record_id=removed.id)
        >>> [line["record"] == removed.id for line in receipt.lines()]
        [True]
        """
        from crm_bridge.bridge.run_result import Receipt
        from crm_bridge.pipeline.receipt import issue_receipt
        from crm_bridge.pipeline.runs import find_run

        return Receipt(issue_receipt(self.journal, find_run(self.journal, run_id), record_id=record_id))

    def withdrawn(self, run_id: str | None = None) -> Iterator[Withdrawal]:
        """Stream the contracts of which the journal says something else since the run's receipt was sealed."""
        from crm_bridge.pipeline.receipt import withdrawn
        from crm_bridge.pipeline.runs import find_run

        return withdrawn(self.journal, find_run(self.journal, run_id))
