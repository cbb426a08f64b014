"""What can be set differently about the emulated org: limits, faults, behaviours that Zoho's sources disagree on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(slots=True)
class Switches:
    """Every switch with the value of an ordinary Enterprise sandbox org; times in seconds."""

    plain_module: bool = False
    """The contract module has no subforms, multi-select lookups, files, rich text or related lists."""
    second_contract_module: bool = False
    """A second custom module that looks like contracts."""
    contracts_deletable: bool = True
    """The module allows deletion at all (`deletable` of its metadata)."""
    token_throttle: bool = True
    """10 access tokens per refresh token in 10 minutes."""
    token_lifetime: int = 3600
    """Lifetime of an access token."""
    renewal_seconds: float = 0.0
    """Seconds that the accounts server takes for a token."""
    tokens_alive: int = 15
    """Access tokens alive per refresh token; one more kills the oldest."""
    throttle_status: int = 400
    """HTTP status of `Access Denied` on the token endpoint; 200 was seen too."""
    token_old_style: bool = False
    """`expires_in_sec` plus `expires_in` in milliseconds, as old clients saw."""
    refuse_consent: bool = False
    """The consent page answers `access_denied`."""
    api_domain: str = ""
    """Another `api_domain` in token answers, to test that a client refuses it."""
    edition: str = "enterprise"
    """`paid_type` of the licence."""
    locking_configured: bool = True
    """Record locking is set up for the custom modules."""
    org_type: str = "sandbox"
    """`type` of the org: production, sandbox, developer, bigin."""
    credits_limit: int = 75_000
    """Credits of the org in a rolling day."""
    concurrency_limit: int = 20
    """Simultaneous calls; 0 means no limit."""
    heavy_limit: int = 10
    """Simultaneous heavy calls (COQL, composite, views, sorted lists); 0 means no limit."""
    busy_calls: int = 0
    """Calls that other programs have in flight right now."""
    throttle_next: int = 0
    """So many of the next API calls are answered with 429."""
    fail_next: int = 0
    """So many of the next API calls are answered with 500 before anything is done."""
    throttle_code: str = "TOO_MANY_REQUESTS"
    """Spelling of 429: TOO_MANY_REQUESTS, RATE_LIMIT_EXCEEDED or REQUEST_LIMIT_EXCEEDED."""
    retry_after: int = 0
    """Seconds in a `Retry-After` header on 429; 0 sends none."""
    gzip: bool = False
    """Compress answers for clients that accept it."""
    mixed_status: int = 207
    """HTTP status when some records of a call failed; older behaviour is 200."""
    all_failed_status: int = 400
    """HTTP status when all records of a call failed."""
    wf_trigger_ignored: bool = False
    """Workflows run on DELETE whatever `wf_trigger` says."""
    mass_delete_workflows: bool = True
    """Workflows run on mass delete."""
    mass_delete_shuffled: bool = False
    """Results of mass delete come in another order than the request."""
    ids_max_length: int = 0
    """Longest `ids` parameter of DELETE in characters; 0 means no limit, 1024 is in one of the sources."""
    nameless_refusals: bool = False
    """Refusals inside a batch name no record: NOT_APPROVED, and REQUIRED_PARAM_MISSING where a process blocks."""
    purge_by_ids: bool = True
    """DELETE of the recycle bin takes `ids`; else only `filters`, as the newest pages say."""
    bin_capacity: int = 0
    """Records that the bin holds, children apart; one more pushes out the oldest for good. 0 means no limit."""
    restore_touches_modified: bool = False
    """A restore sets Modified_Time."""
    job_delay: float = 2.0
    """Seconds until a scheduled job has run."""
    search_lag: float = 0.0
    """Seconds until the search index sees a change."""
    read_lag: float = 0.0
    """Seconds for which reads by id and queries still show a deleted contract."""
    count_lag: float = 0.0
    """Seconds until `actions/count` sees a change."""
    bulk_page: int = 200_000
    """Rows of one bulk read."""
    coql_max_rows: int = 2000
    """Largest LIMIT of a query (200 up to v3)."""
    coql_max_offset: int = 100_000
    """Last row that an offset reaches (10,000 up to v3)."""
    coql_in_limit: int = 50
    """Values in one `in` list; 100 is in one of the sources."""
    coql_max_columns: int = 50
    """Columns of one select."""
    coql_subforms: bool = True
    """Queries take the modules of subforms."""
    coql_ignores_case: bool = False
    """`=` and `in` compare text without case; `like` always does."""
    bare_lookups: bool = False
    """Queries give lookups as `{"id": ...}` whatever the version."""
    hidden_fields: tuple[str, ...] = ()
    """Fields of the contract module that the user may not see: left out of every record."""
    hidden_fields_described: str = "ordinary"
    """What the metadata says of them: `ordinary` as of any other field, `hidden` from the profile, or `nothing`."""
    hidden_modules: tuple[str, ...] = ()
    """Modules that the user may not see: not listed, not read, and no names of their records."""
    trim_texts: bool = False
    """Blanks at both ends of a written text are cut off."""
    children_in_queries: str = "no"
    """Queries take Notes and Attachments: no, yes, first (of a list of parents), one (of those on a record)."""
    subform_rows: int = 100
    """Rows of one record that lists of a subform module, and queries of it, show."""
    row_files: str = "row"
    """What is asked for a file in a row of a subform: the `row`, its `record`, or `nothing` has it."""
    missing_as: int = 204
    """Answer to a record that is not there: 204, or 404/400 as older versions."""

    def turn(self, name: str, value: Any) -> bool:
        """Set one switch, converted to its type; False if there is no such switch or the value does not fit."""
        known: Mapping[str, type] = {entry.name: type(getattr(self, entry.name)) for entry in fields(self)}
        if name not in known:
            return False
        try:
            setattr(self, name, _as(known[name], value))
        except (TypeError, ValueError):
            return False
        return True


def _as(kind: type, value: Any) -> Any:
    if kind is tuple:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else tuple(str(one) for one in value)
    if kind is bool and isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes", "on"}
    return kind(value)
