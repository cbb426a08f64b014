"""The way back: plan, restore, measure, rehearse, relink.

In reading order:

    restore_plan     plan a restore
    restore_order    the order of a restore
    restore          bring contracts of a run back, the CRM's own way first, from the vault otherwise; then measure
    written          the values that a restore writes
    measuring        measure a restore
    twins            live contracts that have the number of one that was brought back, typed in again meanwhile for
    relink           point references of other records at contracts that came back, by a plan of its own that is
    rehearsal        when a rehearsal is due, from which backup set, and what the journal keeps of it
    staging          contracts created again in a stand-in and compared
    restore_intents  intents to restore
    restore_step     one contract of a restore
    ways_back        the way back of each contract, by where a look found it and what the journal says about it
"""
