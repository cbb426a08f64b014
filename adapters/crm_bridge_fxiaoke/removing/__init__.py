"""Batches of removals, and the pause between them.

In reading order:

    batches   batches of ids
    cooldown  the pause after "too many calls": nothing is sent again before the window is over
"""
