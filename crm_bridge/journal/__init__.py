"""The append-only, signed audit journal."""
