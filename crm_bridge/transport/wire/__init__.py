"""One attempt on a socket.

In reading order:

    exchange     a permit, one request, the answer read under byte and time limits, one record
    attempt      one attempt while it runs
    writing      turn a call into a prepared request
    session      the one requests session
    connections  sockets with a total deadline and a proof of "nothing was sent": urllib3 connection and pool
    tunnel       connections through a proxy
    request_id   request ids fit to be shown
    call_log     one JSON object a line for every attempt and every repetition, from a closed list of fields
"""
