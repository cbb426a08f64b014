"""Reading records in few calls.

In reading order:

    bin_walk       one deletion, and how far the bin was read
    bins        where deleted records are listed
    coql        literals, brackets, and running queries with what Zoho lets through
    deletions   deletions of the contract module since a moment, as Zoho lists them
    files       the files of a contract
    hanging     notes and files of many contracts
    subform_rows  rows of subforms of many contracts
    inbound     records of other modules that point at contracts
    locks       who locked a record
    parallel    doing independent reads side by side
    read_by_id  reading records by id
"""
