"""HTTP servers in front of emulators."""
