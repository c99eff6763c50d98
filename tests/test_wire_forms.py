"""What is stored does not depend on how it was sent: encoding, transport, order or cuts."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.drain import Drain
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.receive.intake import Intake
from spanledger_collector.receive.otlp_grpc import OtlpGrpc
from spanledger_collector.store import Store
from tests.otlp import LOG_CAPTURES, TRACE_CAPTURES, as_json
from tests.pipeline import JSON, Pipeline, running
from tests.ports import free_port
from tests.test_grpc import LOGS, TRACES

STORES = ["chdb"]

METHODS = {"traces": TRACES, "logs": LOGS}
KINDS: dict[str, type[Any]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
}
ROUND = 60  # requests between two turns of the drain

Request = tuple[str, bytes]
Post = Callable[[str, bytes, str], None]
Rows = dict[str, Any]


@contextmanager
def grpc_server(intake: Intake) -> Iterator[str]:
    """Run the real gRPC receiver over an intake; yield its address."""
    loop, address = asyncio.new_event_loop(), f"127.0.0.1:{free_port()}"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def opened() -> OtlpGrpc:
        server = OtlpGrpc(intake, address, 30, 1 << 14)
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(opened(), loop).result()
    try:
        yield address
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(1), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def pipeline(new_store: Callable[[], Store], tmp_path: Path) -> Iterator[Pipeline]:
    with running(new_store(), tmp_path) as found:
        yield found


@pytest.fixture
def post(pipeline: Pipeline) -> Iterator[Post]:
    """Return what sends a request in one of three forms."""
    with grpc_server(pipeline.intake) as address, grpc.insecure_channel(address) as channel:

        def send(signal: str, body: bytes, form: str) -> None:
            if form == "grpc":
                channel.unary_unary(f"/{METHODS[signal]}")(body, timeout=30)
            elif form == "json":
                pipeline.send(signal, as_json(body, KINDS[signal]), JSON)
            else:
                pipeline.send(signal, body)

        yield send


def spans_apart(body: bytes) -> list[bytes]:
    """Return a trace request as one request a span."""
    return [
        ExportTraceServiceRequest(
            resource_spans=[
                type(of)(
                    resource=of.resource,
                    schema_url=of.schema_url,
                    scope_spans=[
                        type(scoped)(scope=scoped.scope, schema_url=scoped.schema_url, spans=[span])
                    ],
                )
            ]
        ).SerializeToString()
        for of in ExportTraceServiceRequest.FromString(body).resource_spans
        for scoped in of.scope_spans
        for span in scoped.spans
    ]


WHOLE: list[Request] = [
    *(("traces", path.read_bytes()) for path in TRACE_CAPTURES),
    *(("logs", path.read_bytes()) for path in LOG_CAPTURES),
]
SPANS = [part for signal, body in WHOLE if signal == "traces" for part in spans_apart(body)]
RECORDS = [body for signal, body in WHOLE if signal == "logs"]


def started_ns(part: bytes) -> int:
    """Return when the only span of a request started."""
    (of,) = ExportTraceServiceRequest.FromString(part).resource_spans
    start: int = of.scope_spans[0].spans[0].start_time_unix_nano
    return start


def arranged(order: str, most: int, random: Random) -> list[Request]:
    """Return all spans and log records in some order, up to so many spans in a request."""
    spans = sorted(SPANS, key=started_ns, reverse=True) if order == "children first" else [*SPANS]
    if order == "shuffled":
        random.shuffle(spans)
    found: list[Request] = []
    while spans:
        size = random.randint(1, most)
        # requests of protobuf put one behind the other are one request
        found.append(("traces", b"".join(spans[:size])))
        del spans[:size]
    for body in RECORDS:
        found.insert(random.randint(0, len(found)), ("logs", body))
    return found


def stored(
    pipeline: Pipeline, store: Store, requests: list[Request], deliver: Post, forms: list[str]
) -> Rows:
    """Send requests, store them, and return every span and every trace as it is stored."""
    drain = Drain(store, Pricebook(), 1000)
    for place, (signal, body) in enumerate(requests):
        deliver(signal, body, forms[place % len(forms)])
        if place % ROUND == 0:
            drain.step(pipeline.reader, pipeline.cursor)
    while drain.step(pipeline.reader, pipeline.cursor):
        pass
    with store.reading() as client:
        spans = client.query("SELECT * FROM spans FINAL ORDER BY trace_id, span_id").result_rows
    asked = {"project": "default", "after": bytes(16).hex(), "until": ""}
    return {
        "spans": spans,
        "traces": [
            settled_row(row) for row in zip(*store.columns("trace_rows", **asked), strict=True)
        ],
    }


def settled_row(row: tuple[Any, ...]) -> list[Any]:
    """Return a row of `traces` with the parts that are sets in one order."""
    *rest, ids, reasons = row
    return [*rest, sorted(zip(ids, reasons, strict=True))]


@pytest.fixture
def whole(pipeline: Pipeline, post: Post) -> Rows:
    """Return what is stored when each capture comes as it is, in one request."""
    return stored(pipeline, pipeline.store, WHOLE, post, ["protobuf"])


FORMS = ("protobuf", "json", "grpc")


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(order="as sent", most=50, forms=["grpc"], random=Random(1))
@example(order="shuffled", most=1, forms=["json", "grpc"], random=Random(2))
@example(order="children first", most=4, forms=["protobuf", "json"], random=Random(3))
@given(
    order=st.sampled_from(("as sent", "shuffled", "children first")),
    most=st.integers(1, 20),
    forms=st.lists(st.sampled_from(FORMS), min_size=1, max_size=5),
    random=st.randoms(use_true_random=False),
)  # fmt: skip
def test_every_form_order_and_cut_of_all_captures_stores_the_same_rows(
    pipeline: Pipeline,
    new_store: Callable[[], Store],
    post: Post,
    whole: Rows,
    order: str,
    most: int,
    forms: list[str],
    random: Random,
):
    found = stored(pipeline, new_store(), arranged(order, most, random), post, forms)
    assert len(found["spans"]) == len({*SPANS})
    assert found["traces"] == whole["traces"]
    assert found["spans"] == whole["spans"]
