"""Retention and copies of backup sets."""
