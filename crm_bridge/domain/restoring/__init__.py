"""The way back, promised and measured; pure.

In reading order:

    forecast    the forecast of each way back, thing by thing, made before anything is deleted
    comparison  compare a contract that came back with its snapshot, thing by thing, and hold the result against
    pairing     pair the rows of a list before and after
"""
