"""Filters: which contracts are meant; pure."""
