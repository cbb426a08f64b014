"""The tenant and its records.

In reading order:

    lifecycle  what may become of a record
    present    records on the wire
    schema     objects and their fields, as describe tells them
    state      the tenant's state
    tenant     the objects of the sandbox tenant
"""
