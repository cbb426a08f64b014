"""Filters: which contracts are meant; pure.

In reading order:

    tree       the filter tree
    rules      the rule book of conditions
    values     how a value that a CRM holds compares with a literal of a filter
    truth      kleene's three truth values
    tokens     filter text cut into tokens, each with its column
    syntax     filter text to filter tree, and back
    where      filters written in Python
    pushdown   splitting a filter into what a CRM evaluates and the residual that we evaluate
    undecided  contracts that a filter could not judge
    labels     filters in the words that people see in their CRM
"""
