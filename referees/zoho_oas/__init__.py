"""Compare what the Zoho emulator answers with Zoho's own OpenAPI files."""
