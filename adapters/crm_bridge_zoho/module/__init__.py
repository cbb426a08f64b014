"""The contract module: metadata, columns, rights, states."""
