"""The open questions of Zoho, put to a real org.

In reading order:

    wire       calls whose refusals are answers
    reading    questions that need nothing of our own
    ours       questions to contracts of our own
    drafts     contracts to create
"""
