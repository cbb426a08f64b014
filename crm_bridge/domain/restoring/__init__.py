"""The way back, promised and measured; pure.

In reading order:

    forecast    what each way back will bring back, thing by thing, said before anything is deleted
    comparison  compare a contract that came back with its snapshot, thing by thing, and hold the result against
    pairing     pair the rows of a list before and after
"""
