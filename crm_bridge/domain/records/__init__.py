"""What of a vendor's record is the contract; pure."""
