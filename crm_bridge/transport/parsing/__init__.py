"""JSON from strangers.

In reading order:

    strict_json  JSON from strangers
    rows         rows of a listing, each read on its own
    raw_json     JSON as bytes
"""
