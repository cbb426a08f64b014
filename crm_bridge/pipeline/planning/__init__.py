"""From a selection to a plan on disk.

In reading order:

    plan         turn a complete selection into an immutable list with a digest, and keep the plans of runs
    policing     the policy at work
    plan_file    a plan file is opened once and read to its end
    plan_writer  writing a plan file
    facts        facts about a tenant, journaled and read back
    plan_seal    the seal of a plan file
    plan_sharing  its key, sealed for named readers
    outliers     contracts that are not like the others: left out, or acknowledged
    announcing   announcements of plans, and objections to them
    team         whose keys approve plans
    approving    the signature of a second person, and the gate that asks for it
"""
