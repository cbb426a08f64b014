"""One module per command: parse, call one method, render."""
