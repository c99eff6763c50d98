"""Ids of traces and spans, from the operating system.

Not from `random`: an application that seeds it would get the same ids in every run, and so would
the copies of a snapshot of a running machine.
"""

from os import urandom

from opentelemetry.sdk.trace.id_generator import IdGenerator


class SystemIds(IdGenerator):
    """Random ids; none is zero."""

    def generate_span_id(self) -> int:
        """Return 64 random bits."""
        return int.from_bytes(urandom(8)) or 1

    def generate_trace_id(self) -> int:
        """Return 128 random bits."""
        return int.from_bytes(urandom(16)) or 1

    def is_trace_id_random(self) -> bool:
        """Tell samplers that they may rely on the ids."""
        return True
