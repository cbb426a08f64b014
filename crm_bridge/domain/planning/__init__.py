"""Plans and what may stand in their way; pure.

In reading order:

    target        one contract of a plan
    plan          a deletion plan
    confirmation  what agrees to a plan
    plan_notes    notes of a plan besides its contracts
    safety        the waits and attempts of a run as one value, and the rules of the policy that a whole plan breaks
    policy        the policy of deletions
    approval      which plans need a second person, and what an approval says
    protection    protection of single contracts
    xray          the contracts of a plan that are not like the others in it
    paper         documents and records around a contract that outlive its record, and the rules that release it all
    obstacles     what is known beforehand to keep a contract from being deleted, and who can lift it
    cost          the cost of a plan
    facts         facts about one tenant
"""
