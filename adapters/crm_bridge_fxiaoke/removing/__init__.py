"""Batches of removals, and the pause between them."""
