"""First sign-in: browser, code, device."""
