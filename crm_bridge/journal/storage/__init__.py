"""The journal's file: SQLite, transactions, locks, its last entries."""
