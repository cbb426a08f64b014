"""Plans and what may stand in their way; pure."""
