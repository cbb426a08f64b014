"""What tests can make happen.

In reading order:

    adding         somebody else adds something to a contract
    administering  what an administrator changes between a backup and a restore
    control        acting as somebody else at the CRM, and moving its switches
    events         signed, encrypted bodies in an outbox, until somebody takes or delivers them
    push           delivering event callbacks
"""
