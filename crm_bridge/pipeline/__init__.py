"""One module per step of the journey.

In reading order:

    context        the run context
    find           run a listing, apply the whole filter again, count what it could not judge, and prove
    planning/      from a selection to a plan on disk
    runs           begun, ended, found again. A run is remembered only in the journal
    open_run       open the run of a plan
    run_log        the log of one run
    entries        journal entries of a run
    deleting/      from a confirmed plan to removed contracts
    settling/      what became of contracts
    receipt        issue a receipt
    receipt_lines  the lines of a receipt
    restoring/     the way back
    annotations    texts for people beside the contracts of a run, such as the CRM's own sentence. Sealed, best
    stopping       what a run tells while it goes on, and how it is asked to stop
    sealing        small JSON values under a key that only this installation's journal can derive
    vault_admin/   retention and copies of backup sets
    receipt_check  check a receipt
    signing_off    sign-offs of reviews
"""
