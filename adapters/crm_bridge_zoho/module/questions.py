"""What Zoho's pages leave open: 17 questions, each with its settings here and its switches in the stand-in."""

from __future__ import annotations

from crm_bridge.i18n import N_
from crm_bridge.spi.spec import OpenQuestion

QUESTIONS: tuple[OpenQuestion, ...] = (
    OpenQuestion("Z-01", N_("the largest LIMIT of a query"), {"coql_limit": "2000"}, ("coql_max_rows",)),
    OpenQuestion("Z-02", N_("how many values one list of a query takes"), {"coql_in_list": "50"}, ("coql_in_limit",)),
    OpenQuestion("Z-03", N_("how many lists one query takes"), {"coql_groups": "20"}),
    OpenQuestion("Z-04", N_("how many ids one deletion takes"), {"delete_batch": "100"}, ("ids_max_length",)),
    OpenQuestion("Z-05", N_("whether wf_trigger=false holds workflow rules back"), {}, ("wf_trigger_ignored",)),
    OpenQuestion("Z-06", N_("whether queries compare texts without case"), {}, ("coql_ignores_case",)),
    OpenQuestion("Z-07", N_("whether queries name what a lookup points to"), {}, ("bare_lookups",)),
    OpenQuestion("Z-08", N_("whether blanks at the ends of a text are cut off"), {}, ("trim_texts",)),
    OpenQuestion("Z-09", N_("how an absent record is told"), {}, ("missing_as",)),
    OpenQuestion("Z-10", N_("how long the search index lags behind a write"), {}, ("search_lag",)),
    OpenQuestion("Z-11", N_("whether queries take notes and attachments"), {}, ("children_in_queries",)),
    OpenQuestion("Z-12", N_("whether queries take the rows of subforms"), {}, ("coql_subforms",)),
    OpenQuestion("Z-13", N_("the status of a deletion that was refused"), {}, ("all_failed_status",)),
    OpenQuestion("Z-14", N_("the status of a deletion that was refused in part"), {}, ("mixed_status",)),
    OpenQuestion("Z-15", N_("who is named as the one who deleted a record")),
    OpenQuestion(
        "Z-16",
        N_("whether a restore moves the time of the last change"),
        {},
        ("restore_touches_modified",),
    ),
    OpenQuestion("Z-17", N_("whether the bin is emptied by ids"), {}, ("purge_by_ids",)),
)
"""In the order of the reference page. Defaults are those of the settings model, as a configuration writes them."""
