"""Endpoints.

In reading order:

    approvals  an invalid call may start an instance, and somebody decides it
    files      media calls of the old style, signed addresses and upload credentials of the new one
    legacy     the first generation of paths (V1), translated into the second one
    logs       the tenant's own logs
    objects    which object a call means, and whether its path serves it
    operators  the operators of a filter
    people     the address book
    query      filters, orders, pages, totals
    reading    query, get, findSimple, findOne
    removing   the verbs that take records away or bring them back, with the key names that each path wants
    team       the relevant team of a record
    writing    creating and changing records, with their details
"""
