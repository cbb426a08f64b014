"""HTTP servers in front of emulators.

In reading order:

    server       a threaded HTTP/1.1 server on loopback that mounts one emulator
    wire         HTTP/1.1 on a socket
    dispatch     one request, one delivery
    control      the `/__sandbox__/` addresses of a server
    traffic      traffic of the sandbox
    impersonate  a loopback proxy that answers for host names, so that a client with a fixed address meets an
"""
