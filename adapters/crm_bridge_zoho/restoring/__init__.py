"""Bringing contracts back: out of the bin, or created again."""
