"""Streams, tables, progress, signals: the terminal and its limits.

In reading order:

    completion  what a shell offers at the Tab key
    crash       the kind and the place of an internal error, never its values
    encodings   words on the command line that are not in the encoding of the session
    logs        diagnostics on standard error
    output      the only place that prints
    progress    bars on a terminal, lines of JSON where more was asked for, else nothing
    screen      the terminal that a result is read on
    stopping    ctrl-C and SIGTERM
    streams     standard streams that may be closed, full or without a reader
    tables      keys and amounts stay whole, titles give way, prose is folded; tab-separated where no terminal reads
    translated  help pages in the reader's language
"""
