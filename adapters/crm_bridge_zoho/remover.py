"""Deleting: one send for one batch, to the recycle bin or out of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from crm_bridge.domain.capabilities import Step
from crm_bridge.domain.contract import ContractRef
from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.spi.adapter import Answer, RemoveOptions
from crm_bridge_zoho.client import ZohoClient
from crm_bridge_zoho.outcomes import TOO_LONG, answers_of, not_sent

MASS_DELETE_IDS = 500
PURGE_IDS = 100


class Remover:
    """Sends deletes. Learns how many ids this Zoho takes in one call."""

    def __init__(self, client: ZohoClient, module: str, *, batch: int) -> None:
        """`batch` ids at most in one DELETE."""
        self._client = client
        self._module = module
        self._lock = threading.Lock()
        self.batch = batch

    def remove(self, step: Step, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[Answer]:
        """Send one call for the batch and classify it per record. Raises NotSentError or AnswerLostError."""
        if not refs:
            return ()
        most = PURGE_IDS if step is Step.PURGE else MASS_DELETE_IDS if options.fast else 100
        if len(refs) > most:
            raise UsageError(_("Zoho takes {count} records in one call").format(count=most))
        if step is Step.PURGE:
            return self._purge(refs)
        return self._mass_delete(refs) if options.fast else self._trash(refs, options)

    def _trash(self, refs: Sequence[ContractRef], options: RemoveOptions) -> Sequence[Answer]:
        share, rest = refs[: self.batch], refs[self.batch :]
        answer = self._client.destroy(
            "DELETE",
            f"/crm/v8/{self._module}",
            "DELETE /crm/v8/{module}",
            params={
                "ids": ",".join(ref.id for ref in share),
                # Left out, workflows run: the choice is always sent.
                "wf_trigger": "true" if options.automations else "false",
            },
        )
        answers = answers_of(share, answer, "data")
        if all(one.reason == TOO_LONG for one in answers):
            with self._lock:
                self.batch = max(1, min(self.batch, len(share)) // 2)
        return (*answers, *(not_sent(ref) for ref in rest))

    def _mass_delete(self, refs: Sequence[ContractRef]) -> Sequence[Answer]:
        answer = self._client.destroy(
            "POST",
            f"/crm/v8/{self._module}/actions/mass_delete",
            "POST /crm/v8/{module}/actions/mass_delete",
            json={"ids": [ref.id for ref in refs]},
        )
        return answers_of(refs, answer, "data")

    def _purge(self, refs: Sequence[ContractRef]) -> Sequence[Answer]:
        answer = self._client.destroy(
            "DELETE",
            "/crm/v8/settings/recycle_bin",
            "DELETE /crm/v8/settings/recycle_bin",
            params={"ids": ",".join(ref.id for ref in refs)},
        )
        return answers_of(refs, answer, "recycle_bin")
