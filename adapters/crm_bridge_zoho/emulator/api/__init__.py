"""Endpoints of records."""
