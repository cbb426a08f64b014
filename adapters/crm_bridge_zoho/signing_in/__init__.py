"""First sign-in: browser, code, device.

In reading order:

    datacenters  where Zoho lives
    device       signing in from a machine without a browser
    login        signing in for the first time
    scopes       what each job needs, and which of them a sign-in lacks
"""
