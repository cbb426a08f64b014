"""Recomputing a journal and comparing it with what is known about it."""
