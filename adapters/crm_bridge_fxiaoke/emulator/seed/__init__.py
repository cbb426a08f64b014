"""Records that a tenant begins with."""
