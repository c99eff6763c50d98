"""Ports for tests that start real servers."""

import socket

handed_out: set[int] = set()


def free_port() -> int:
    """Return a loopback port that nobody listens on and that no earlier call returned."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in handed_out:
            handed_out.add(port)
            return port
