"""The ways out: each sends one message and says what it observed.

In reading order:

    smtp     e-mail, one message for one recipient
    chat     webhooks: signed, and the chat services that answer 200 with an error in the body
    library  everything else, through apprise
"""
