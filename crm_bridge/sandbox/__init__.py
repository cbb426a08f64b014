"""A local stand-in for the CRMs: data, HTTP server, faults.

In reading order:

    serve          the sandbox of `crm-bridge sandbox serve`: one emulator per installed adapter, each on its own
    home           a ready state directory for a running sandbox
    records        believable, deterministic business records that every emulator seeds itself with
    exports        contracts from the CSV export of a real CRM
    stage          a stage for rehearsals
    elsewhere      a stand-in's sign-in that comes to open another organisation
    faults         which requests to the sandbox go wrong, and in which of the ways that the safety rules name
    fault_answers  wrong answers, well delivered
    serving/       HTTP servers in front of emulators
"""
