"""Reading records in few calls."""
