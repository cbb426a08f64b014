"""The seam: all that an adapter author must read.

In reading order:

    adapter     the seam of an adapter
    spec        what an adapter is, before anybody signs in
    emulator    the seam of an emulator
    failures    records without an answer of their own
    later       values that are made when they are first looked into
    recreating  what adapters share when they create a contract again
"""
