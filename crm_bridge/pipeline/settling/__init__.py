"""What became of contracts: causes, doubt, verification, audit."""
