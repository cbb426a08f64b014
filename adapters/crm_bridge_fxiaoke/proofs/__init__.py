"""The open questions of 纷享销客, put to a real tenant.

In reading order:

    wire       calls whose refusals are answers
    reading    questions that need nothing of our own
    ours       questions to contracts of our own
    drafts     contracts to create
"""
