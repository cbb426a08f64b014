"""The seam: all that an adapter author must read.

In reading order:

    adapter      the seam of an adapter
    spec         the specification of an adapter, known without a sign-in
    proving      what an adapter tells of itself on a real tenant
    emulator     the seam of an emulator
    failures     records without an answer of their own
    later        a CRM is asked only for what is read
    ordered_map  independent reads side by side
    recreating   what adapters share when they create a contract again
"""
