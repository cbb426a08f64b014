"""From a confirmed plan to removed contracts: back up, gate, send.

In reading order:

    backup         every contract of a confirmed plan into the vault, read back and compared before it counts
    saving         save contracts into the vault without deleting them
    storing        store one copy in a set
    weighing       while contracts are saved, paper holds single ones, and what goes along with them is counted
    gate           the last look at each contract before it is deleted. Whatever is not as planned stays
    related_items  related items of contracts, read again before they are lost
    freshness      how old a look may be when the request that relies on it leaves, and what is checked at that
    delete         gate, intent, one send, outcome; batch by batch, a small first batch before the rest
    sending        the batches of one look
    ramp           a few contracts before the rest, and what stops a run between its parts
"""
