"""The org and its records."""
