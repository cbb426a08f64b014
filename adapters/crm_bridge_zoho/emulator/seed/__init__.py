"""Records that an org begins with."""
