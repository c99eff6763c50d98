"""Requests of an agent fleet: two model calls and a tool call in turn, some 2.2 KB a span.

Text is drawn from a fixed seed, so that two runs send the same bytes but for their times.
"""

import json
import time
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

WORDS = ["".join(Random(n).choices("abcdefghijklmnopqrstuvwxyz", k=2 + n % 8)) for n in range(4000)]
SPANS_PER_TRACE = 12
MODEL = "gpt-4o-2024-08-06"


def request(spans: int, text_bytes: int, seed: int, session: str = "") -> bytes:
    """Return one export request.

    Args:
        spans: how many spans it holds.
        text_bytes: about how long the prompt of a call is.
        seed: tells one request from another.
        session: whose spans they are; of many, two traces each, when left out.
    """
    random = Random(seed)
    body = ExportTraceServiceRequest()
    resource = body.resource_spans.add()
    attribute(resource.resource, "service.name", "agent")
    attribute(resource.resource, "deployment.environment.name", "prod")
    scope = resource.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.openai_v2"
    base_ns = time.time_ns() - 60_000_000_000
    trace_id = root_id = b""
    for index in range(spans):
        span = scope.spans.add(span_id=random.randbytes(8), kind=Span.SPAN_KIND_CLIENT)
        if index % SPANS_PER_TRACE == 0:
            trace_id, root_id = random.randbytes(16), span.span_id
        else:
            span.parent_span_id = root_id
        span.trace_id = trace_id
        span.start_time_unix_nano = base_ns + index * 1000
        span.end_time_unix_nano = span.start_time_unix_nano + random.randrange(10**10)
        text = " ".join(random.choices(WORDS, k=text_bytes // 6))
        whose = session or f"session-{seed % 50}-{index // 24}"
        attribute(span, "gen_ai.conversation.id", whose)
        attribute(span, "user.id", f"user-{index % 5}")
        if index % 3 == 2:
            tool_call(span, text, f"call_{seed}_{index}")
        else:
            model_call(span, text, f"chatcmpl-{seed}-{index}", random)
    return body.SerializeToString()


def model_call(span: Span, text: str, response_id: str, random: Random) -> None:
    """Make a span a model call."""
    span.name = "chat gpt-4o"
    asked = [{"role": "user", "parts": [{"type": "text", "content": text}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": text[:400]}]}]
    for key, value in {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": MODEL,
        "gen_ai.response.id": response_id,
        "gen_ai.usage.input_tokens": random.randrange(200, 5000),
        "gen_ai.usage.output_tokens": random.randrange(800),
        "gen_ai.usage.cache_read.input_tokens": random.randrange(100),
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps(said),
        "server.address": "api.openai.com",
        "server.port": 443,
    }.items():
        attribute(span, key, value)


def tool_call(span: Span, text: str, call_id: str) -> None:
    """Make a span a tool call."""
    span.name = "execute_tool search"
    for key, value in {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": call_id,
        "gen_ai.tool.call.arguments": json.dumps({"q": text[:80]}),
        "gen_ai.tool.call.result": text[:600],
    }.items():
        attribute(span, key, value)


def attribute(owner: object, key: str, value: str | int | float) -> None:
    """Add an attribute to a span or a resource."""
    added = owner.attributes.add(key=key).value  # type: ignore[attr-defined]
    if isinstance(value, str):
        added.string_value = value
    elif isinstance(value, int):
        added.int_value = value
    else:
        added.double_value = value
