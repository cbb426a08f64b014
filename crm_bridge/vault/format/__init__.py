"""The layout of a backup set."""
