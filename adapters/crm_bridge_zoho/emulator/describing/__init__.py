"""Endpoints of settings."""
