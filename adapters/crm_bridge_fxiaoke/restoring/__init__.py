"""Bringing contracts back: out of the bin, or created again.

In reading order:

    copies      find the copy that an earlier, interrupted re-creation may have left, before anything is created
    giving_way  a create that gives way
    recreator   create a contract again from its snapshot
    relinker    references of other records to a contract that came back under a new id
    saved       a snapshot read back
    uploads     a file's bytes go back to the CRM, and are read back to see that they arrived whole
    writing     which values of a saved record are written again, and when two records hold the same
"""
