"""Ports for tests that start real servers."""

import os
import random
import socket

FIRST, LAST = 10_000, 32_000
"""Below the range that the kernel hands out by itself: nobody is given one of ours in between."""

# Test processes run side by side: each walks from a place of its own, so they do not meet.
candidates = iter(random.Random(os.getpid()).sample(range(FIRST, LAST), LAST - FIRST))


def free_port() -> int:
    """Return a loopback port that nobody listens on and that no earlier call returned."""
    while True:
        port = next(candidates)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
