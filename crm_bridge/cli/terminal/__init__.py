"""Streams, tables, progress, signals: the terminal and its limits."""
