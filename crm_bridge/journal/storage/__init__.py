"""The journal's file: SQLite, transactions, locks, its last entries.

In reading order:

    database      the SQLite file of a journal
    transactions  transactions that either happened, did not happen, or end the use of the file
    writing       one batch of entries into the file
    tail          the end of a journal
    tree          subtree hashes read from the journal file, for proofs that do not read the whole journal
    files         which places a journal may live in
    lock          kernel locks on an open file
    ballast       a file that takes up space until the disk is full, so that outcomes can still be written
"""
