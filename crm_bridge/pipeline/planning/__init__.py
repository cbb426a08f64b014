"""From a selection to a plan on disk."""
