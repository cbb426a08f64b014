"""A stand-in for 纷享销客 that speaks its wire: for tests, rehearsals and the sandbox.

In reading order:

    api/      endpoints
    auth      two generations of tokens, their reuse, and who acts
    call      the request's JSON with tolerant readers, and who makes it
    control/  what tests can make happen
    emulator  one request in, one answer out, everything under one lock
    envelope  how the gateway wraps answers and refusals, always with HTTP 200
    limits    rate windows per endpoint, the token call's limit, the daily quota
    paper     paper of a contract that somebody else makes
    probe     a minimal caller of the emulator, in either generation of parameters
    routing   which path is answered by what, and what a caller must bring
    seed/     records that a tenant begins with
    state/    the tenant and its records
    switches  what nobody outside the vendor knows for sure, as switches with a default and its alternatives
"""

from crm_bridge_fxiaoke.emulator.emulator import FxiaokeEmulator
from crm_bridge_fxiaoke.emulator.switches import Switches

__all__ = ["FxiaokeEmulator", "Switches"]
