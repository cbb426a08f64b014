"""Reading records in few calls.

In reading order:

    deletions      voided contracts since a moment, as a query lists them
    files          files of records
    live_details   details that stayed behind when their contract was voided
    recent_writes  what this adapter did a moment ago
    records        reading records of any object
    secured        described, and left out of every record that this user is given, although records hold values
"""
