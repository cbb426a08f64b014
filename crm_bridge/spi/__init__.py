"""The seam: all that an adapter author must read."""
