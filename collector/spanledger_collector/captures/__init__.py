"""Recorded sessions of real libraries, made fresh: new ids, and times that end now.

A capture comes in, the same capture as if it had just happened goes out, consistent across its
spans and its log records. Knows nothing of what the spans mean, nor where they are sent.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

FOLDER = files("spanledger_collector.captures")


@dataclass(frozen=True, slots=True)
class Capture:
    """One recorded run: what it shows, its payloads, and the session id that was sent with it."""

    name: str
    shows: str
    session_id: str | None  # None: none was sent, each trace is a session of its own

    def spans(self) -> ExportTraceServiceRequest:
        """Return the recorded spans."""
        request = ExportTraceServiceRequest()
        request.ParseFromString((FOLDER / f"{self.name}.pb").read_bytes())
        return request

    def logs(self) -> ExportLogsServiceRequest:
        """Return the recorded log records, an empty request when none were sent."""
        request = ExportLogsServiceRequest()
        file = FOLDER / f"{self.name}.logs.pb"
        request.ParseFromString(file.read_bytes() if file.is_file() else b"")
        return request


CAPTURES = (
    Capture(
        "openinference-langchain__langgraph-refund-retry",
        "LangGraph: a refund whose tool and ledger fail once",
        "thread-900",
    ),
    Capture(
        "openinference-openai-agents__handoff-guardrail",
        "OpenAI Agents: triage, handoff, guardrail",
        None,
    ),
    Capture("google-adk__sub-agent-tool", "Google ADK: a sub-agent with a tool", "adk-sess-1"),
    Capture(
        "openinference-anthropic__tools-cache-stream",
        "Anthropic SDK: a tool loop that writes and reads the cache",
        "sess-w1",
    ),
    Capture(
        "otel-genai-langchain__langgraph-refund-retry",
        "LangGraph by the OpenTelemetry conventions",
        "thread-gn",
    ),
    Capture(
        "openinference-crewai__two-agents", "CrewAI: two agents, one tool that fails", "crew-1"
    ),
    Capture(
        "pydantic-ai__bank-tools-default",
        "Pydantic AI: a bank agent, then a 429",
        "01a1fd68-eb6e-73c7-95af-e25fb722b08a",
    ),
    Capture("traceloop-sdk__async-agent-tools", "Traceloop SDK: two turns about pizza", "pizza-1"),
    Capture("example__openai_stream", "example: OpenAI's client, streamed", "weather-in-Ulm"),
    Capture("example__langgraph_refund", "example: LangGraph, a person approves", "refund-graph"),
    Capture("example__openai_agents_handoff", "example: OpenAI Agents, a handoff", "desk-42"),
    Capture("example__pydantic_ai_bank", "example: Pydantic AI, a tool tried again", "bank-7"),
    Capture("example__web_and_worker", "example: FastAPI and a Celery worker", "chat-9"),
    Capture("example__runaway", "example: a runaway, stopped by its budget", "runaway-1"),
    Capture("example__crewai_pair", "example: CrewAI, two agents", "crew-1"),
    Capture("example__llama_index_agent", "example: LlamaIndex, streamed", "geography-1"),
)


@dataclass(frozen=True, slots=True)
class Fresh:
    """A capture as if it had just happened, ready to be sent."""

    spans: bytes
    logs: bytes  # empty: there are none
    sessions: Mapping[str, int]  # id of each session it will be found as → its spans


def fresh(capture: Capture, end_ns: int, random: Random) -> Fresh:
    """Return a capture with new ids, moved in time so that its last span ends at `end_ns`."""
    spans, logs = capture.spans(), capture.logs()
    new_id = renamer(random)
    shift_ns = end_ns - max(span.end_time_unix_nano for span in each_span(spans))
    session_id = None
    if capture.session_id:
        session_id = f"{capture.session_id}-{random.randbytes(3).hex()}"
        rename_session(spans, logs, capture.session_id, session_id)
    for span in each_span(spans):
        span.trace_id, span.span_id = new_id(span.trace_id), new_id(span.span_id)
        span.parent_span_id = new_id(span.parent_span_id)
        span.start_time_unix_nano += shift_ns
        span.end_time_unix_nano += shift_ns
        for event in span.events:
            event.time_unix_nano += shift_ns
        for link in span.links:
            link.trace_id, link.span_id = new_id(link.trace_id), new_id(link.span_id)
    for record in each_record(logs):
        record.trace_id, record.span_id = new_id(record.trace_id), new_id(record.span_id)
        record.time_unix_nano += shift_ns if record.time_unix_nano else 0
        record.observed_time_unix_nano += shift_ns if record.observed_time_unix_nano else 0
    of = Counter(session_id or span.trace_id.hex() for span in each_span(spans))
    return Fresh(spans.SerializeToString(), logs.SerializeToString(), of)


def renamer(random: Random) -> Callable[[bytes], bytes]:
    """Return a function that gives every id one new id of its length; no id stays none."""
    known: dict[bytes, bytes] = {}

    def new_id(old: bytes) -> bytes:
        if not any(old):
            return old
        return known.setdefault(old, random.randbytes(len(old)))

    return new_id


def rename_session(
    spans: ExportTraceServiceRequest, logs: ExportLogsServiceRequest, old: str, new: str
) -> None:
    """Write a new session id wherever the old one stands as a word of its own."""
    word = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])")
    for value in texts(spans, logs):
        if old in value.string_value:
            value.string_value = word.sub(new, value.string_value)


def texts(spans: ExportTraceServiceRequest, logs: ExportLogsServiceRequest) -> Iterator[AnyValue]:
    """Yield every value that holds text, however deep."""
    for span in each_span(spans):
        yield from inside(a.value for a in span.attributes)
        for event in span.events:
            yield from inside(a.value for a in event.attributes)
    for record in each_record(logs):
        yield from inside(a.value for a in record.attributes)
        yield from inside([record.body])


def inside(values: Iterable[AnyValue]) -> Iterator[AnyValue]:
    """Yield the values that hold text among these and inside them."""
    for value in values:
        match value.WhichOneof("value"):
            case "string_value":
                yield value
            case "array_value":
                yield from inside(value.array_value.values)
            case "kvlist_value":
                yield from inside(pair.value for pair in value.kvlist_value.values)


def each_span(request: ExportTraceServiceRequest) -> Iterator[Any]:
    """Yield the spans of a request."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def each_record(request: ExportLogsServiceRequest) -> Iterator[Any]:
    """Yield the log records of a request."""
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            yield from scope.log_records
