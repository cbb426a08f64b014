"""Bulk read and write.

In reading order:

    bulk_criteria  criteria of bulk read
    bulk_jobs      what the bulk endpoints share
    bulk_read      a job that writes a module into a zipped CSV
    bulk_write     a zipped CSV is uploaded, then a job inserts, updates or upserts its rows
"""
