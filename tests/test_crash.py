"""What was acknowledged is there, once, after everything was killed: real processes, real disk."""

import time
from decimal import Decimal
from pathlib import Path
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.pricebook import Pricebook
from spanledger_collector.usage import usage
from spanledger_schema.span import Counts, Scope
from tests.parts import Parts, parts

SPANS = 2_000
PER_REQUEST = 100
MODEL = "gpt-4o-2024-08-06"


def request(number: int, random: Random) -> bytes:
    """Return a request of PER_REQUEST calls in ten traces of one session."""
    body = ExportTraceServiceRequest()
    scope = body.resource_spans.add().scope_spans.add()
    now_ns = time.time_ns()
    trace_id = b""
    for index in range(PER_REQUEST):
        if index % 10 == 0:
            trace_id = random.randbytes(16)
        span = scope.spans.add(
            trace_id=trace_id,
            span_id=random.randbytes(8),
            name=f"chat {MODEL}",
            start_time_unix_nano=now_ns - 2_000_000,
            end_time_unix_nano=now_ns,
        )
        for key, value in (
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.response.model", MODEL),
            ("gen_ai.response.id", f"chatcmpl-{number}-{index}"),
            ("gen_ai.conversation.id", f"session-{number % 7}"),
        ):
            span.attributes.add(key=key).value.string_value = value
        for key, tokens in (("input", 1000 + index), ("output", 100 + number)):
            span.attributes.add(key=f"gen_ai.usage.{key}_tokens").value.int_value = tokens
    sent: bytes = body.SerializeToString()
    return sent


def expected_usd() -> Decimal:
    """Return what all the calls cost together, each billed on its own."""
    book, total = Pricebook(), Decimal(0)
    for number in range(SPANS // PER_REQUEST):
        for index in range(PER_REQUEST):
            counts = Counts(input_tokens=1000 + index, output_tokens=100 + number)
            used = usage(counts, provider="openai", scope=Scope())
            bill = book.bill("openai", MODEL, used, time.time_ns(), None)
            assert bill.usd is not None
            total += bill.usd
    return total


def send_all(server: Parts, bodies: list[bytes]) -> None:
    headers = {"content-type": "application/x-protobuf"}
    for body in bodies:
        assert server.otlp.post("/v1/traces", content=body, headers=headers).status_code == 200


def totals(server: Parts) -> dict[str, object]:
    """Return the totals of everything, once everything that was acknowledged is in them."""
    server.settle()
    found = server.api.get("/api/v1/spend").json()["total"]
    sessions = server.api.get("/api/v1/sessions").json()["items"]
    return {
        "usd": Decimal(found["cost_usd"]),
        "usd_by_session": sum(Decimal(s["totals"]["cost_usd"]) for s in sessions),
        "calls": found["calls"],
        "spans": sum(s["spans"] for s in sessions),
        "input": found["input_tokens"],
        "output": found["output_tokens"],
        "sessions": len(sessions),
    }


def test_killed_right_after_the_last_answer_every_span_is_there_once(tmp_path: Path):
    random = Random(7)
    bodies = [request(number, random) for number in range(SPANS // PER_REQUEST)]
    usd = expected_usd()
    expected = {
        "usd": usd,
        "usd_by_session": usd,
        "calls": SPANS,
        "spans": SPANS,
        "input": sum(1000 + i for i in range(PER_REQUEST)) * len(bodies),
        "output": sum(100 + n for n in range(len(bodies))) * PER_REQUEST,
        "sessions": 7,
    }
    with parts(tmp_path) as server:
        send_all(server, bodies)
        server.kill("ingest", "store")
        server.start("ingest", "store")
        assert totals(server) == expected
        send_all(server, bodies[::-3])  # a client that never saw the answers sends again
        server.kill("ingest", "store")
        server.start("ingest", "store")
        assert totals(server) == expected
