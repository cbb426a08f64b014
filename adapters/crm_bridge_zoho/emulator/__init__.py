"""Zoho CRM on this machine: an emulator of its REST API v8, strict where the real one is.

In reading order:

    answers      the shapes of Zoho's answers
    api/         endpoints of records
    bulk/        bulk read and write
    call         one authenticated call, as the endpoints see it
    control/     what tests can make happen
    describing/  endpoints of settings
    devices      the accounts server's device flow
    emulator     Zoho CRM as a function of a request
    endpoints    all endpoints in the order in which their paths are tried
    gate         what stands between a request and an endpoint
    ledger       the emulator's ledger
    oauth        Zoho's accounts server
    paging       pages and page tokens
    paper        paper of a contract that somebody else makes
    queries/     COQL and the search index
    routing      paths and verbs
    scopes       which a call needs, and whether what was granted covers it
    seed/        records that an org begins with
    state/       the org and its records
    switches     what can be set differently about the emulated org
"""

from crm_bridge_zoho.emulator.emulator import ZohoEmulator
from crm_bridge_zoho.emulator.switches import Switches

__all__ = ["Switches", "ZohoEmulator"]
