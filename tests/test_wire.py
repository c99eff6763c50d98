"""Captures of real libraries, sent over the wire, come out as what their provider billed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector.store import Store
from tests.otlp import CAPTURES, TRACE_CAPTURES
from tests.pipeline import JSON, Pipeline, running

STORES = ["chdb"]

NAMES = [path.stem for path in TRACE_CAPTURES]
METERS = {
    "input_tokens_total": "input_tokens",
    "output_tokens_total": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "reasoning_tokens": "reasoning_tokens",
}


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def bodies(name: str) -> list[tuple[str, bytes]]:
    """Return what a library sent: its traces, and its log records where there are any."""
    logs = CAPTURES / f"{name}.logs.pb"
    found = [("traces", (CAPTURES / f"{name}.pb").read_bytes())]
    return [*found, ("logs", logs.read_bytes())] if logs.exists() else found


def cut(body: bytes, random: Random) -> list[bytes]:
    """Return the spans of a request in random order, in requests of one to five."""
    spans = [
        (resource_spans, scope_spans, span)
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]
    random.shuffle(spans)
    requests = []
    while spans:
        request = ExportTraceServiceRequest()
        for resource_spans, scope_spans, span in (
            spans.pop() for _ in range(min(len(spans), random.randint(1, 5)))
        ):
            one = request.resource_spans.add(resource=resource_spans.resource)
            one.schema_url = resource_spans.schema_url
            scoped = one.scope_spans.add(scope=scope_spans.scope, schema_url=scope_spans.schema_url)
            scoped.spans.append(span)
        requests.append(request.SerializeToString())
    return requests


def expected(name: str) -> Any:
    return json.loads((CAPTURES / f"{name}.expect.json").read_text())


def attainable(name: str) -> dict[str, int]:
    """Return the totals that a correct reader of a capture can reach."""
    truth = expected(name)
    known = truth.get("attainable_from_attributes") or truth["totals"]
    return {ours: known[theirs] for theirs, ours in METERS.items() if known.get(theirs) is not None}


def totals(sessions: list[Any], meters: dict[str, int]) -> dict[str, int]:
    """Return what sessions add up to, by these meters."""
    return {meter: sum(s["totals"][meter] for s in sessions) for meter in meters}


def test_each_capture_adds_up_to_what_its_provider_billed(pipeline: Pipeline, subtests: Any):
    before = totals([], dict.fromkeys(METERS.values(), 0))
    for name in NAMES:
        with subtests.test(name):
            for signal, body in bodies(name):
                pipeline.post(signal, body)
            after = totals(pipeline.sessions(), before)
            assert {m: after[m] - before[m] for m in attainable(name)} == attainable(name)
            before = after


@pytest.mark.parametrize("seed", range(2))
def test_no_resend_in_whatever_cuts_changes_a_session(pipeline: Pipeline, seed: int):
    random = Random(seed)
    for name in NAMES:
        for signal, body in bodies(name):
            pipeline.send(signal, body)
    pipeline.settle()
    once = pipeline.sessions()
    requests = [part for name in NAMES for part in cut(bodies(name)[0][1], random)]
    random.shuffle(requests)
    for request in requests:
        pipeline.send("traces", request)
    pipeline.settle()
    assert pipeline.sessions() == once


def test_children_before_parents_in_small_parts_give_the_same_sessions(
    new_store: Callable[[], Store], tmp_path: Path
):
    random = Random(7)
    found = []
    for arrival in ("whole", "in parts"):
        folder = tmp_path / arrival
        folder.mkdir()
        with running(new_store(), folder) as pipeline:
            for name in NAMES:
                (_, traces), *logs = bodies(name)
                requests = cut(traces, random)[::-1] if arrival == "in parts" else [traces]
                for request in requests:
                    pipeline.send("traces", request)
                    if random.random() < 0.05:
                        pipeline.settle()
                for signal, body in logs:
                    pipeline.send(signal, body)
            pipeline.settle()
            found.append(pipeline.sessions())
    whole, in_parts = found
    assert in_parts == whole


def test_json_and_protobuf_of_one_capture_are_the_same_spans(pipeline: Pipeline):
    (capture,) = CAPTURES.glob("*.otlp.json")
    pipeline.post("traces", capture.read_bytes(), JSON)
    as_json = [pipeline.get(f"sessions/{s['id']}/events") for s in pipeline.sessions()]
    pipeline.post(
        "traces", capture.with_name(capture.name.replace(".otlp.json", ".pb")).read_bytes()
    )
    assert [pipeline.get(f"sessions/{s['id']}/events") for s in pipeline.sessions()] == as_json
    assert len(as_json) > 0
