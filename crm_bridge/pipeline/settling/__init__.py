"""What became of contracts: causes, doubt, verification, audit.

In reading order:

    reconcile     settle what is in doubt by looking twice, never by deleting again
    absence       absence in a run
    claims        claims of runs
    doubt         doubt of other runs
    verify        look whether what was asked of the CRM is so, with a control record still readable
    impact        measured impact
    drift_report  the report on drift
    watch         look again, days after a run, whether what it removed came back
    audit         audit of deletions
"""
