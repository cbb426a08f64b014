"""What of a vendor's record is the contract; pure.

In reading order:

    content        the content of a record
    shown          evidence about fields that a record lacks
    field_map      rules about which vendor field may stand for a field of every contract
    drift          drift, field by field
    impact         what becomes of each list around the contracts of a plan
    related_items  whether what hangs on a contract is as it was when it was copied
"""
