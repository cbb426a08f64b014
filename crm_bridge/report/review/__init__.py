"""The review of a period: everything that was deleted in it, and what deserves a look. Read from the journal.

In reading order:

    values   the review as a value
    runs     one run: its outcomes, evidence and money, and a row per contract
    gather   the journal read once, from the last sign-off on
    page     one HTML file with charts
    table    the rows as CSV and Excel
"""
