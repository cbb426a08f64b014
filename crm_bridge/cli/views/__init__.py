"""How results look, as JSON and for people."""
