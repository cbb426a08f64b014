"""The rules, pure: values in, values or errors out.

In reading order:

    contract      the business record, the same for every CRM
    snapshot      a full copy of one contract
    capabilities  a CRM's abilities as data
    lifecycle     all states of one contract in a run, all events, and what may follow what
    outcome_words  outcomes and degrees of certainty in words
    reasons       every word that can stand beside a contract, with what it means and what follows from it
    absence       why a contract is not there
    receipt       a small signed statement about a run, and a line per contract that it binds. A pure function of
    filters/      which contracts are meant; pure
    planning/     plans and what may stand in their way
    records/      what of a vendor's record is the contract
    restoring/    the way back, promised and measured
    canonical     canonical bytes and digests
    moment        one moment on both clocks of a machine
    durations     spans of time as people write them
    given_text    text that a person or a program gives
    money         amounts in words
"""
