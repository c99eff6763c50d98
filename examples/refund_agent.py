"""One turn of a refund agent, told span by span: what a replay can show when an agent says it all.

No model is called; the answers and token counts are made up. In a real agent the spans of model and
tool calls come from an instrumentation library, and only decisions and state changes are its own.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("refund-agent")

Value = str | int | list[str]


@contextmanager
def step(name: str, **said: Value) -> Iterator[Span]:
    """Record one step; `__` in a name stands for a dot."""
    attributes = {key.replace("__", "."): value for key, value in said.items()}
    with tracer.start_as_current_span(name, attributes=attributes) as span:
        yield span


def call(
    asked: str, answered: str, input_tokens: int, cached_tokens: int, output_tokens: int
) -> None:
    """Record a model call."""
    with step(
        "chat claude-sonnet-4-5",
        gen_ai__operation__name="chat",
        gen_ai__provider__name="anthropic",
        gen_ai__response__model="claude-sonnet-4-5-20250929",
        gen_ai__usage__input_tokens=input_tokens,
        gen_ai__usage__cache_read__input_tokens=cached_tokens,
        gen_ai__usage__output_tokens=output_tokens,
        gen_ai__input__messages=message("user", asked),
        gen_ai__output__messages=message("assistant", answered),
    ):
        pass


def message(role: str, text: str) -> str:
    """Return a conversation of one message, as the GenAI conventions write it."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def refund(amount: float, error: str | None = None) -> None:
    """Record a call of the refund tool."""
    with step(
        "execute_tool issue_refund",
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__name="issue_refund",
        gen_ai__tool__call__arguments=json.dumps({"order": "B-2", "amount": amount}),
    ) as span:
        if error:
            span.set_status(Status(StatusCode.ERROR, error))
            span.set_attribute("error.type", "ValueError")
        else:
            span.set_attribute("gen_ai.tool.call.result", json.dumps({"refund": "RF-77"}))


with step(
    "invoke_agent refunds",
    gen_ai__operation__name="invoke_agent",
    gen_ai__agent__name="refunds",
    session__id="refund-of-B-2",
    user__id="ada",
    spanledger__tags=["example"],
):
    call("My order B-2 came broken.", "I will refund 845.00.", 2000, 0, 300)
    refund(845.0, error="amount exceeds the 100.00 limit")
    call("The limit is 100.00; the order was 84.50.", "I will refund 84.50.", 2400, 2000, 200)
    with step(
        "approve refund",
        spanledger__kind="decision",
        spanledger__decision__verdict="approved",
        spanledger__decision__policy="refunds under 100 USD",
        spanledger__decision__actor="policy engine",
    ):
        pass
    refund(84.5)
    with step(
        "order B-2",
        spanledger__kind="state",
        spanledger__state__from="complained",
        spanledger__state__to="refunded",
        spanledger__state__reason="RF-77 is booked",
    ):
        pass
provider.shutdown()
