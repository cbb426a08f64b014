"""What is said after the deletion."""
