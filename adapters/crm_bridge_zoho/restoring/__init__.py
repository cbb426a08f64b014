"""Bringing contracts back: out of the bin, or created again.

In reading order:

    copies         finding the copy that an earlier, interrupted attempt to re-create a contract has made
    creating       what Zoho says to a creating call
    giving_way     an insert that gives way
    payload        from a snapshot to what Zoho can be given again
    recreator      making a contract again from its snapshot
    related_items  notes and files of a re-created contract
    relinker       pointing the lookups of other records at a re-created contract
"""
