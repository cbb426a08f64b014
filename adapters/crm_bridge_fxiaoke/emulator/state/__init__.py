"""The tenant and its records."""
