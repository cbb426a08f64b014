"""Plans and what may stand in their way; pure.

In reading order:

    plan        a deletion plan
    plan_notes  what a plan tells besides its contracts
    safety      the waits and attempts of a run as one value, and the rules of the policy that a whole plan breaks
    policy      the policy of deletions
    protection  protection of single contracts
    paper       documents and records around a contract that outlive its record, and the rules that release it all
    obstacles   what is known beforehand to keep a contract from being deleted, and who can lift it
    cost        what a plan will cost
    pace        what a deletion costs at least, by the CRM's own limits
"""
