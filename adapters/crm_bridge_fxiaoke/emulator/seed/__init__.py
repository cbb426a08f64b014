"""Records that a tenant begins with.

In reading order:

    adopting  becoming like another tenant
    importer  contracts from a CSV of a real CRM, and values as people write them
    seed      the sandbox tenant's records, made from the shared seed
"""
