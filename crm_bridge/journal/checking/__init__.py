"""Recomputing a journal and comparing it with what is known about it.

In reading order:

    check              `journal check`: recompute a journal or an export and compare it with everything that is
    sources            where a check reads a journal from
    recompute          reading a journal from its first entry to its last, recomputing everything that was sealed
    external_evidence  external evidence a journal must agree with
    findings           findings of a journal check, and the exit code of each
"""
