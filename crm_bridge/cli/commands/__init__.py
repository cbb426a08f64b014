"""One module per command: parse, call one method, render.

In reading order:

    adapters_cmd     `adapters`: which CRMs there are and what each can do, without signing in
    approvals_cmd    `approve`, `approvals`, `team`: the second person of a plan
    backup_cmd       `backup`: save contracts into the vault without deleting them, or export them as a table for
    connections_cmd  `connections`: add, list, show, test, remove
    debug_cmd        `debug`: the switches of the test interface
    demo_cmd         `demo`: the whole journey on stand-ins of every installed CRM, without configuration and
    doctor_cmd       `doctor`: everything a connection needs, one line each, with what to do about it
    find_cmd         `find` and `show`: look, change nothing
    journal_cmd      `journal ...`: read the audit journal, verify it, hand it over, settle what is open, change
    keys_cmd         `keys`: make the program's own keys, and say which there are without showing them
    login_cmd        `login`, `logout`, `auth status`: keep secrets in the store, forget them, say where they are
    notify_cmd       `notify`: tell people what a run deleted, once; say of every message what became of it
    object_cmd       `object`: say that a contract of an announced plan is to stay; in time, it goes to the hold
    plan_cmd         `plan`: decide which contracts, send nothing
    policy_cmd       `policy`: show what holds for a connection, check it against the CRM, explain it for one
    prove_cmd        `prove`: facts about a real tenant instead of assumptions
    receipt_cmd      `receipt show|issue|verify`: what can be shown to somebody who was not there
    restore_cmd      `restore`: bring contracts back, and point references at them again
    review_cmd       `review`: what was deleted in a period and deserves a look; sign it off
    run_cmd          `apply`, `delete`, `resume`, `verify`, `status`: carry plans out, and say what became of each
    sandbox_cmd      `sandbox serve`: stand-ins of the CRMs on this machine, until Ctrl-C
    vault_cmd        `vault list|show|check|prune|shred|copy|fetch`: what backups there are, whether they are
    watch_cmd        `verify --watch` and `watch install`: look again whether what runs removed came back, every day
    vault_copy_cmd   `vault copy|fetch`: copies of backup sets on an object store
"""
