"""One attempt on a socket."""
