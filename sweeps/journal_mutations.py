"""Make the journal and its check wrong on purpose, one rule at a time, and see that the tests notice.

python sweeps/journal_mutations.py [NAME ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sweeps.mutations import Mutation, report

TESTS = "tests/journal/test_journal_"
TAMPERING, CHECK, BELIEF = f"{TESTS}tampering.py", f"{TESTS}check.py", f"{TESTS}belief.py"

MUTATIONS = (
    Mutation(
        "a journal is not synced",
        "crm_bridge/journal/storage/database.py",
        '("synchronous", "EXTRA", 3)',
        '("synchronous", "NORMAL", 1)',
        (f"{TESTS}opening.py",),
    ),
    Mutation(
        "REPLACE goes past the triggers",
        "crm_bridge/journal/storage/database.py",
        '        ("recursive_triggers", "ON", 1),\n',
        "",
        (f"{TESTS}opening.py",),
    ),
    Mutation(
        "an entry may be deleted",
        "crm_bridge/journal/storage/database.py",
        'for verb in ("UPDATE", "DELETE")',
        'for verb in ("UPDATE",)',
        (f"{TESTS}store.py",),
    ),
    Mutation(
        "an uncertain commit is tried again",
        "crm_bridge/journal/storage/transactions.py",
        "        self.close()\n        self._lost = error\n        return database.uncertain(error)\n",
        "        self._roll_back()\n        return database.translate(error)\n",
        (f"{TESTS}disk.py",),
    ),
    Mutation(
        "an intent is accepted without ballast",
        "crm_bridge/journal/store.py",
        "            self._refuse_intents_without_ballast(new_entries)\n",
        "",
        (f"{TESTS}disk.py",),
    ),
    Mutation(
        "the ballast is never released",
        "crm_bridge/journal/store.py",
        "self._ballast is not None and self._ballast.release()",
        "self._ballast is None",
        (f"{TESTS}disk.py",),
    ),
    Mutation(
        "the head is pinned between an intent and its call",
        "crm_bridge/journal/store.py",
        " and not any(\n            is_intent(new_entry.op) for new_entry in new_entries\n"
        "        ):\n            self.pin()",
        ":\n            self.pin()",
        (f"{TESTS}pin.py",),
    ),
    Mutation(
        "a pin may be ahead of the journal",
        "crm_bridge/journal/storage/tail.py",
        "    if pin.size > size:\n",
        "    if pin.size > size + 1:\n",
        (f"{TESTS}store.py", f"{TESTS}opening.py"),
    ),
    Mutation(
        "the pinned root is not compared",
        "crm_bridge/journal/storage/tail.py",
        "pinned.frontier.root() != pin.root",
        "False",
        (f"{TESTS}opening.py",),
    ),
    Mutation(
        "a key that waits is forgotten",
        "crm_bridge/journal/rotation.py",
        "    if waiting is None or row is None:\n",
        "    if True:\n",
        (f"{TESTS}keys.py",),
    ),
    Mutation(
        "another process's change of keys is overlooked",
        "crm_bridge/journal/rotation.py",
        "    if entry is None:\n",
        "    if True:\n",
        (f"{TESTS}keys.py",),
    ),
    Mutation(
        "a dead run keeps its records",
        "crm_bridge/journal/leases.py",
        'if not probe.try_acquire(who="probe"):',
        "if True:",
        (f"{TESTS}leases.py",),
    ),
    Mutation(
        "the order of entries is not checked",
        "crm_bridge/journal/checking/recompute.py",
        'if value["seq"] != seq or value["prev"] != self._prev:',
        "if False:",
        (TAMPERING,),
    ),
    Mutation(
        "the root of a checkpoint is not compared",
        "crm_bridge/journal/checking/recompute.py",
        "if not good or checkpoint.root != self.root or (",
        "if not good or (",
        (TAMPERING,),
    ),
    Mutation(
        "signatures are not computed",
        "crm_bridge/journal/checking/recompute.py",
        "        if not all(checkpoint.signed_by(key) for key in keys):\n",
        "        if False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "the digest of the checkpoint before is not compared",
        "crm_bridge/journal/checking/recompute.py",
        """        elif seal["after"] != (self._last.digest if self._last else ""):\n""",
        "        elif False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "an unsealed end is good",
        "crm_bridge/journal/checking/recompute.py",
        "        if self._last is None or self._last.size < self.size:\n",
        "        if False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "any key may sign",
        "crm_bridge/journal/checking/check.py",
        "    if given and (",
        "    if False and (",
        (TAMPERING,),
    ),
    Mutation(
        "a shorter journal is good",
        "crm_bridge/journal/checking/external_evidence.py",
        "        if size > recomputed.size:\n",
        "        if False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "a receipt's signature is not checked",
        "crm_bridge/journal/checking/external_evidence.py",
        "        if not self._is_signed(receipt, keys):\n            return\n",
        "",
        (TAMPERING,),
    ),
    Mutation(
        "a receipt may quote another entry",
        "crm_bridge/journal/checking/external_evidence.py",
        "        if receipt.entry != raw:\n",
        "        if False:\n",
        (CHECK,),
    ),
    Mutation(
        "lines are not compared with their seal",
        "crm_bridge/journal/checking/recompute.py",
        "        if LineSeal.of(block) != seal:\n",
        "        if False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "lines that are read are not compared",
        "crm_bridge/journal/format/lines.py",
        "    if len(lines) != seal.count or sha256(block).digest() != seal.digest:\n",
        "    if len(lines) != seal.count:\n",
        (BELIEF,),
    ),
    Mutation(
        "the history is not compared with the sealed root",
        "crm_bridge/journal/history.py",
        "        if self._frontier.root() != tail.frontier.root():\n",
        "        if False:\n",
        (BELIEF,),
    ),
    Mutation(
        "a writer does not look at lines",
        "crm_bridge/journal/history.py",
        "            if place != seq or sha256(block).hexdigest() != lines_digest:\n",
        "            if False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "a writer does not look at checkpoints",
        "crm_bridge/journal/history.py",
        "        if (size, stored) != (frontier.size, frontier.to_bytes()) or ",
        "        if False and ",
        (TAMPERING,),
    ),
    Mutation(
        "an outcome without an intent is written",
        "crm_bridge/journal/storage/writing.py",
        "        if opens == is_open:\n",
        "        if opens and is_open:\n",
        (BELIEF,),
    ),
    Mutation(
        "a new key of digests is not named",
        "crm_bridge/journal/store.py",
        '        if named.body.get("hmac") != self._opened.digests.key_id:\n',
        "        if False:\n",
        (f"{TESTS}keys.py",),
    ),
    Mutation(
        "the line of a receipt may be another one",
        "crm_bridge/journal/checking/external_evidence.py",
        '                verify_inclusion(leaf_hash(line), place, receipt.seal["count"], path, root)\n',
        "                pass\n",
        ("tests/journal/test_receipt_of_one.py",),
    ),
    Mutation(
        "the file of lines is not compared",
        "crm_bridge/journal/checking/external_evidence.py",
        "        if receipt.lines is not None and seal_of_file(receipt.lines) != receipt.seal:\n",
        "        if False:\n",
        ("tests/journal/test_receipt_of_one.py",),
    ),
    Mutation(
        "what the file keeps for speed is believed",
        "crm_bridge/journal/checking/check.py",
        "            if opened.present is not None:\n",
        "            if False:\n",
        (TAMPERING,),
    ),
    Mutation(
        "personal digests without their field",
        "crm_bridge/journal/keys.py",
        'message = field.encode() + b"\\x00" + ',
        "message = ",
        (f"{TESTS}keys.py",),
    ),
)

if __name__ == "__main__":
    sys.exit(report(MUTATIONS, sys.argv[1:]))
