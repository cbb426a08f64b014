"""Removing contracts: what an answer to one call means.

In reading order:

    outcomes  what Zoho's answer to one destructive call means for each record
"""
