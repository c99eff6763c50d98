"""Refuses look-ups and connections that leave this machine; see `tests/offline.py`.

Python imports a module of this name at the start of every interpreter that has its folder on the
path. Standard library only, and little of it: it is loaded by each of them.
"""

import sys
from typing import Any

RESERVED = (".invalid", ".test", ".example", "example.com", "example.net", "example.org")
"""RFC 2606: names that exist nowhere, so asking for them is no asking for another machine."""

reached: list[str] = []
"""What was asked for and is not here; whoever looks empties it."""


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise what a machine without a network would, for what would leave this one: an audit hook."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""  # a path is that of a Unix socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0] or ""
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if is_here(name):
        return
    if not name.endswith(RESERVED):
        reached.append(f"{event} {name}")
    import socket

    raise socket.gaierror(socket.EAI_NONAME, f"{name}: tests have no network (tests/offline.py)")


def is_here(name: str) -> bool:
    """Tell whether a host is this machine."""
    return name in ("", "localhost", "::", "::1", "0.0.0.0") or name.startswith("127.")


if __name__ == "sitecustomize":
    sys.addaudithook(refuse_outside)
