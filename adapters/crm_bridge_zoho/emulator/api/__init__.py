"""Endpoints of records.

In reading order:

    attachments  attachments of a record
    bin_filters  filters of the recycle bin
    composite    up to five calls in one, later ones may use what earlier ones answered
    deleted      what is known about deleted records
    deletion     DELETE by id and by ids, mass delete by ids and by view
    files        files of file-upload fields
    locking      who locked a record, and why; locking and unlocking by hand
    notes        written under their record or on their own
    people       users, org, profiles and roles
    reading      list, get by id, full texts, related lists
    recycle_bin  the recycle bin
    writing      insert, update, upsert
"""
