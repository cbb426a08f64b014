"""The command line: parse, call one method, render.

In reading order:

    main            the entry point
    options         options that every command understands, before or after its name
    selection       which contracts a command means
    commands/       one module per command
    views/          how results look, as JSON and for people
    terminal/       streams, tables, progress, signals
    confirming      how a plan is confirmed at the command line
    caps            caps of the policy that one plan sets for itself, as options
    checkup         the checks behind `doctor`, in the order in which they depend on each other
    config_file     changing `config.toml` without losing what people wrote in it
    examples        two examples of each command, for its help page
    documents       documents of `--json`: a dataclass for each schema
    receipt_check   check a receipt for the command line
    rehearsing      how a plan is rehearsed at the command line
    restore_choice  what a restore is about
    signing_in      the steps behind `login` and `logout`: gather secrets, keep them, try them, take them back
"""
