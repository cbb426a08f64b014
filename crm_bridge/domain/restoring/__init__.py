"""The way back, promised and measured; pure."""
