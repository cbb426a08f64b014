"""COQL and the search index."""
