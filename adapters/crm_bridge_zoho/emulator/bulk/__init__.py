"""Bulk read and write."""
