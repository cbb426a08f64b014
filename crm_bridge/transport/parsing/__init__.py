"""JSON from strangers."""
