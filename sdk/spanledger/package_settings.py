"""What instrumentation packages record of a call: their own variables, set if unset.

Each family reads its own, at different times; what the application set itself stays.
"""

import os

PERMIT = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only"}
"""OpenTelemetry's own packages record no content unless they are told to."""

FORBID = {
    "OPENINFERENCE_HIDE_INPUTS": "true",
    "OPENINFERENCE_HIDE_OUTPUTS": "true",
    "TRACELOOP_TRACE_CONTENT": "false",
}
"""The others record content unless they are told not to."""


REPEATING = {"anthropic": "ANTHROPIC_OPEN_TELEMETRY"}
"""Clients that send a leaner span of each call on their own, by the variable that stops it."""


def permit_content() -> None:
    """Let packages record content."""
    for name, value in PERMIT.items():
        os.environ.setdefault(name, value)


def forbid_content() -> None:
    """Let packages record no content."""
    for name, value in FORBID.items():
        os.environ.setdefault(name, value)


def silence(library: str) -> None:
    """Keep a library from describing each call a second time, beside its instrumentor."""
    if library in REPEATING:
        os.environ.setdefault(REPEATING[library], "false")
