"""What is said after the deletion.

In reading order:

    tables  contracts as tables for people
"""
