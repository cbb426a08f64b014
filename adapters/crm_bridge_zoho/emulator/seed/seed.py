"""A fresh org: modules, people, records."""

from __future__ import annotations

from crm_bridge.clock import Clock
from crm_bridge_zoho.emulator.seed.seed_modules import build_modules
from crm_bridge_zoho.emulator.seed.seed_people import build_people, forbid_deletion
from crm_bridge_zoho.emulator.seed.seed_records import build_records
from crm_bridge_zoho.emulator.state.org import Org
from crm_bridge_zoho.emulator.switches import Switches


def fresh_org(clock: Clock, switches: Switches, *, seed: int, count: int, module: str) -> Org:
    """Build an org; the same arguments give the same org, ids included."""
    org = Org(clock, switches, seed)
    plain = switches.plain_module
    build_modules(org, module, plain=plain, second=switches.second_contract_module)
    build_people(org)
    forbid_deletion(org)
    build_records(org, count=count, seed=seed, plain=plain)
    return org
