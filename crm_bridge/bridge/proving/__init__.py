"""Proving a connection: facts about a real tenant instead of assumptions.

In reading order:

    proof         what came of it: facts, steps, calls, what is left
    proving       proving a connection
    prover        the questions of a stage
    journey       the journey of three contracts of our own
    own_contracts  contracts of our own
    cleaning      removing what a proof created, also after it was killed
    proof_record  the record of a proof in the journal
"""
