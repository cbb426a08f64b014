"""The org and its records.

In reading order:

    intake      values of a written record
    multipart   multipart/form-data (RFC 7578), read strictly enough for uploads
    org         everything the emulated org knows
    rendering   records as reads show them
    row_intake  rows of a written record
    schema      modules, fields and related lists of an org as values
    store       records of one module in memory
    times       times as Zoho writes them
    values      stored values and the JSON that Zoho shows for them
"""
