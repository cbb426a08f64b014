"""The exam and helpers for tests of adapters.

In reading order:

    conformance        the exam of every adapter, over its own emulator
    exam               what all parts of the exam share
    parts/             the parts of the exam
    bench              the bench of an exam
    mount              emulators within reach of a test
    copies             snapshots held in memory
    filter_strategies  filter trees, and contracts for them to meet
    pytest_plugin      fixtures for the tests of somebody's own scripts
    stand_in           a CRM for the tests of somebody's own script
"""
