"""What tests can make happen.

In reading order:

    adding         somebody else adds something to a contract
    administering  what an administrator changes between a backup and a restore
    controls       what tests and rehearsals can make happen
    lagging        reads of a replica that is behind
    lifecycle      what happens to a record and to what belongs to it
    timeline       the timeline of a record
"""
