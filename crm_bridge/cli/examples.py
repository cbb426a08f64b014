"""Two examples of each command, for its help page."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "demo": ("demo", "demo --full"),
    "sandbox serve": ("sandbox serve --write-home ./sandbox", "sandbox serve --load contracts.csv --only zoho"),
    "adapters": ("adapters", "adapters --json"),
    "adapters show": ("adapters show zoho", "adapters show fxiaoke --json"),
    "connections add": (
        "connections add zoho-eu --adapter zoho --set data_center=eu",
        "connections add fxiaoke --adapter fxiaoke --module SaleContractObj",
    ),
    "connections list": ("connections list", "connections list --format csv"),
    "connections edit": (
        "connections edit zoho-eu --set data_center=us",
        "connections edit zoho-eu --set module=Contracts --unset edition",
    ),
    "connections remove": ("connections remove zoho-eu", "connections remove zoho-eu --json"),
    "connections show": ("connections show zoho-eu", "connections show zoho-eu --json"),
    "connections test": ("connections test zoho-eu", "connections test zoho-eu --json"),
    "login": ("login zoho-eu", "login zoho-eu --secrets-file secrets.toml"),
    "logout": ("logout zoho-eu", "logout zoho-eu --json"),
    "auth status": ("auth status", "auth status zoho-eu"),
    "keys init": ("keys init", "keys init --secrets-file secrets.toml"),
    "keys show": ("keys show", "keys show --json"),
    "doctor": ("doctor zoho-eu", "doctor zoho-eu --json"),
    "prove": ("prove zoho-sandbox --details", "prove zoho-sandbox --write --template HT-2024-0001"),
    "find": (
        "find zoho-eu 'status = \"Expired\" and end < 2020-01-01'",
        "find zoho-eu --number HT-2024-0001 --format csv",
    ),
    "show": ("show zoho-eu HT-2024-0001", "show zoho-eu HT-2024-0001 --raw"),
    "backup": (
        "backup zoho-eu --where 'status = \"Expired\"'",
        "backup zoho-eu --format xlsx -o contracts.xlsx",
    ),
    "policy check": ("policy check zoho-eu", "policy check zoho-eu --json"),
    "policy explain": ("policy explain zoho-eu HT-2024-0001", "policy explain zoho-eu HT-2024-0001 --json"),
    "policy show": ("policy show zoho-eu", "policy show zoho-eu --json"),
    "plan": (
        "plan zoho-eu --where 'status = \"Expired\"' -o expired.plan",
        "plan zoho-eu --numbers-from list.csv --column number --reason 'duplicate import'",
    ),
    "plan show": ("plan show expired.plan --all", "plan show expired.plan --format csv"),
    "apply": ("apply expired.plan", "apply expired.plan --confirm DIGEST --json"),
    "delete": ("delete zoho-eu HT-2024-0001", "delete zoho-eu HT-2024-0001 --reason 'entered twice'"),
    "status": ("status --held", "status --runs"),
    "resume": ("resume", "resume --all"),
    "verify": ("verify", "verify --json"),
    "restore": ("restore zoho-eu HT-2024-0001", "restore --last --dry-run"),
    "receipt issue": ("receipt issue -o receipt.json", "receipt issue --contract 554023000003700021"),
    "receipt show": ("receipt show", "receipt show receipt.json --names"),
    "receipt verify": ("receipt verify receipt.json", "receipt verify receipt.json --key VKEY"),
    "journal check": ("journal check", "journal check --export journal.jsonl --key VKEY"),
    "journal export": ("journal export -o journal.jsonl", "journal export -o journal.jsonl --force"),
    "journal list": ("journal list --limit 20", "journal list --record 554023000003700021 --format csv"),
    "journal reconcile": ("journal reconcile zoho-eu", "journal reconcile zoho-eu --since 2026-01-01"),
    "journal renew": ("journal renew --after 812:ROOT", "journal renew --after checkpoint.txt"),
    "journal rotate-key": ("journal rotate-key", "journal rotate-key --json"),
    "review": ("review --since 30d -o review.html", "review --up-to 812 --sign-off"),
    "vault check": ("vault check", "vault check --format csv"),
    "vault copy": ("vault copy --to s3://backups/contracts", "vault copy SET --to file:///mnt/copies"),
    "vault fetch": ("vault fetch --from s3://backups/contracts", "vault fetch SET --from file:///mnt/copies"),
    "vault list": ("vault list", "vault list --format csv"),
    "vault prune": ("vault prune --dry-run", "vault prune --confirm DIGEST"),
    "vault show": ("vault show SET", "vault show SET --format csv"),
    "vault shred": ("vault shred SET --dry-run", "vault shred SET --confirm DIGEST"),
    "debug failpoints": ("debug failpoints", "debug failpoints --json"),
}
"""Path below `crm-bridge` -> the words of two calls. They are parsed by a test, and are no part of the catalogue."""
