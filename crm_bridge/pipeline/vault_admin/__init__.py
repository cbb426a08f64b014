"""Retention and copies of backup sets.

In reading order:

    copies     copies of backup sets on an object store
    retention  keep the vault
"""
