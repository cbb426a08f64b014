"""The append-only, signed audit journal.

In reading order:

    store      append-only, sealed at every commit, one SQLite file per state directory
    opening    opening a journal
    reading    reading an open journal
    history    the journal's history, derived by hashing every entry again
    format/    bytes of the journal
    storage/   the journal's file
    checking/  recomputing a journal and comparing it with what is known about it
    keys       the journal's keys
    known      the public key of this installation's own journal, known apart from the file
    pin        the head pin
    rotation   handing over from one signing key to the next, so that no crash and no second process loses the key
    leases     one record belongs to one live run at a time
    export     `journal export`: the journal as canonical JSON lines that anybody can verify
    renewal    starting a new journal where the old one can no longer be used
"""
