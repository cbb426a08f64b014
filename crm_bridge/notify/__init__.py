"""Notifications: tell people what will be deleted or was, once, and know of each message what became of it.

In reading order:

    message    one message for one recipient
    templates  its words, in both languages, replaceable
    compose    who gets which message about a run or a plan
    outbox     one file for each message: what became of it
    senders/   the ways out
    post       send what is to be sent, nothing twice
"""
