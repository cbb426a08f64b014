"""The contract object: descriptions, people, visibility, assumptions.

In reading order:

    approvals  which flow holds a contract, and whom to ask
    clouds     the vendor's regional clouds and their gateways
    content    what of a row is the record
    customers  customers by id and by name
    described  what other objects refer to, kept between processes
    people     the acting user
    questions  what the vendor does not publish
    visible    what this user is shown
"""
