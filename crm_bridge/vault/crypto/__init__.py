"""Sealing with age, and the keys for it."""
