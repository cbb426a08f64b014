"""Setting a state directory up: connections, secrets, keys, and the checks before a first run.

In reading order:

    resolved            connections as their adapters read them
    connection_secrets  secrets of one connection
    config_file         changing `config.toml` without losing what people wrote in it
    signing_in          signing in and out
    own_keys            the keys of the program itself
    doctor              the checks behind `doctor`, in the order in which they depend on each other
    known_facts         facts in force on a connection
    policy_check        a policy held against its CRM
    kept                traces of earlier runs that lie beside the journal
    clock_watch         tell once, when the clock of this machine and the clock of a CRM are far apart
    actor               the user of the operating system
"""
