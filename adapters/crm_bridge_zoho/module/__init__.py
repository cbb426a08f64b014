"""The contract module: metadata, columns, rights, states.

In reading order:

    account          who is signed in, which org it is, and what the user's profile allows
    columns          which columns a query asks for
    content          what of a row is the record
    contract_module  everything that is known about the contract module of one connection, read once
    editions         how many calls Zoho's editions allow at once
    metadata         what Zoho says about modules, fields and related lists, as values
    names            names behind ids
    questions        what Zoho's pages leave open
    record_states    where records stand
"""
