"""Agents that are watched by the real SDK and its real exporters: the clients of our fault tests.

Every call differs from every other in tokens and so in dollars, and is in the journal.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Literal

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Grpc
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as Http
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from tests.journal import Call, Journal, Journaled

Transport = Literal["http", "grpc"]

CALLS_PER_TRACE = 4
TRACES_PER_SESSION = 50
EXPORT_EVERY_MS = 200

GENERATE = RandomIdGenerator()
SAMPLED = TraceFlags(TraceFlags.SAMPLED)

numbers = count(1)


def exporter(transport: Transport, port: int, timeout_s: float = 10) -> SpanExporter:
    """Return a real exporter to a port of this machine; 10 s is its default patience."""
    if transport == "grpc":
        return Grpc(f"http://127.0.0.1:{port}", insecure=True, timeout=timeout_s)
    return Http(f"http://127.0.0.1:{port}/v1/traces", timeout=timeout_s)


class Agent:
    """An agent that makes calls, all of which are exported in batches by a thread of the SDK."""

    def __init__(self, exporter: SpanExporter, journal: Journal, patient: bool) -> None:
        """Start the exporting.

        Args:
            exporter: the real one.
            journal: where its calls are written down.
            patient: whether an export that failed is done again until it is acknowledged.
        """
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                Journaled(exporter, journal, patient), schedule_delay_millis=EXPORT_EVERY_MS
            )
        )
        self._tracer = self._provider.get_tracer("agent")

    def work(self) -> None:
        """Make the calls of one trace, side by side below a span that somebody else reports."""
        number = next(numbers)
        session = f"session {number // TRACES_PER_SESSION}"
        caller = SpanContext(
            GENERATE.generate_trace_id(), GENERATE.generate_span_id(), True, SAMPLED
        )
        context = set_span_in_context(NonRecordingSpan(caller))
        for index in range(CALLS_PER_TRACE):
            made = Call("", "", session, 100 * number + index, number % 97 + index)
            self._tracer.start_span("chat", context, attributes=made.attributes()).end()

    def close(self) -> None:
        """Export what is left, and end."""
        self._provider.shutdown()


@contextmanager
def working(agents: list[Agent], pause_s: float) -> Iterator[None]:
    """Have agents work, each piece after a pause, until the block ends; then export the rest."""
    enough = threading.Event()

    def work(agent: Agent) -> None:
        while not enough.wait(pause_s):
            agent.work()

    threads = [threading.Thread(target=work, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()
        for agent in agents:
            agent.close()
