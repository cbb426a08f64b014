"""Proving a connection: facts about a real tenant instead of assumptions.

In reading order:

    proof      what came of it: facts, steps, calls, what is left
    prover     the questions of a stage, journaled as facts and used from then on
"""
