"""What tests can make happen."""
