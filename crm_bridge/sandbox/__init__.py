"""A local stand-in for the CRMs: data, HTTP server, faults."""
