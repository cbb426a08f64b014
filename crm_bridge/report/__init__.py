"""Reports on contracts for people.

In reading order:

    tables  contracts as tables for people
"""
