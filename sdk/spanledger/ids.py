"""Ids of traces and spans.

From a generator of our own: an application that seeds `random` would get the same ids in every run.
A forked child seeds anew, and the clock is mixed in, so that the copies of a snapshot of a running
machine part ways too. Asking the operating system for each id would cost a system call.
"""

import os
import time
from random import Random

from opentelemetry.sdk.trace.id_generator import IdGenerator

_random = Random()
os.register_at_fork(after_in_child=_random.seed)


class SystemIds(IdGenerator):
    """Random ids; none is zero."""

    def generate_span_id(self) -> int:
        """Return 64 random bits."""
        return _random.getrandbits(64) ^ time.time_ns() or 1

    def generate_trace_id(self) -> int:
        """Return 128 random bits."""
        return _random.getrandbits(128) ^ time.time_ns() or 1

    def is_trace_id_random(self) -> bool:
        """Tell samplers that they may rely on the ids."""
        return True
