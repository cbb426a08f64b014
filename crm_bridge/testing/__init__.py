"""What an adapter author needs to test an adapter."""
