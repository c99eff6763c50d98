"""Every recorded payload, explained and held against what the fake server and the tools really did.

Truth comes from `*.expect.json`, which was written without looking at a span. What a library does
not send (`not_in_telemetry`, `has_span: false`) must not appear; what it gets wrong is written in
`attainable_from_attributes`. A table of the results is printed at the end.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import decode
from spanledger_collector.commands.explain import own_rows
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from tests import score_table

DATA = Path(__file__).parent / "data" / "otlp"
NAMES = sorted(path.name.removesuffix(".expect.json") for path in DATA.glob("*.expect.json"))

METERS = (
    "input_tokens_total", "input_tokens_uncached", "cache_read_tokens", "cache_write_tokens",
    "output_tokens_total", "reasoning_tokens",
)  # fmt: skip

Object = dict[str, Any]
Difference = tuple[str, object, object]
"""Where, what explain says, what is true."""


@cache
def truth(name: str) -> Object:
    found: Object = json.loads((DATA / f"{name}.expect.json").read_text())
    return found


@cache
def explained(name: str) -> Object:
    logs = DATA / f"{name}.logs.pb"
    spans = decode.spans((DATA / f"{name}.pb").read_bytes(), "protobuf").spans
    records = decode.records(logs.read_bytes(), "protobuf").records if logs.exists() else []
    return explain(spans, records, Pricebook(own=own_rows(DATA / "prices.json")))


def pairs(name: str) -> Iterator[tuple[str, Object, Object]]:
    """Yield each true trace with its explanation."""
    found = {trace["trace_id"]: trace for trace in explained(name)["traces"]}
    for true in truth(name)["traces"]:
        yield true["trace_id"][:8], found[true["trace_id"]], true


def calls(name: str) -> Iterator[tuple[str, Object, Object]]:
    """Yield each true call that has a span with the billed call at its place in the trace."""
    for where, found, true in pairs(name):
        visible = [call for call in true["llm_calls"] if call.get("has_span") is not False]
        for place, call in enumerate(visible):
            if place < len(found["llm_calls"]):
                yield f"{where} call {call['seq']}", found["llm_calls"][place], call


def tokens(name: str) -> Iterator[Difference]:
    attainable = truth(name)["attainable_from_attributes"]
    for meter in METERS:
        if meter in attainable:
            yield meter, explained(name)["totals"][meter], attainable[meter]


def call_count(name: str) -> Iterator[Difference]:
    for where, found, true in pairs(name):
        visible = [call for call in true["llm_calls"] if call.get("has_span") is not False]
        yield f"{where} calls", len(found["llm_calls"]), len(visible)


def meters(name: str) -> Iterator[Difference]:
    if "note" in truth(name)["attainable_from_attributes"]:
        return  # the library gets single calls wrong: totals are compared with what it sends
    for where, found, true in calls(name):
        missing = set(true.get("not_in_telemetry", ()))
        if "cache_read_tokens" in missing or "cache_write_tokens" in missing:
            missing.add("input_tokens_uncached")
        for meter in METERS:
            if true.get("error") or true.get(meter) is None or meter in missing:
                continue
            yield f"{where} {meter}", found[meter] or 0, true[meter]


def dollars(name: str) -> Iterator[Difference]:
    if "note" in truth(name)["attainable_from_attributes"]:
        return
    for where, found, true in calls(name):
        whole = not true.get("error") and not true.get("not_in_telemetry")
        if whole and true.get("test_cost_usd") is not None and found["cost_source"] != "reported":
            yield f"{where} USD", float(found["cost_usd"] or "nan"), true["test_cost_usd"]


FOLDED = {"gemini": "google"}


def models(name: str) -> Iterator[Difference]:
    """What a call says of its model is true, or a version of it; saying nothing is allowed."""
    for where, found, true in calls(name):
        provider = FOLDED.get(true["provider"], true["provider"])
        yield f"{where} provider", found["provider"], provider
        for side in ("request_model", "response_model"):
            if found[side] is not None and true.get(side) is not None:
                same = found[side].startswith(true["request_model"])
                yield f"{where} {side}", same or found[side], True


def answers(name: str) -> Iterator[Difference]:
    for where, found, true in calls(name):
        yield f"{where} error", found["error"] is not None, bool(true.get("error"))
        if true.get("output_text") and true.get("output_in_telemetry"):
            yield f"{where} text", words(found["output_text"]), words(true["output_text"])


def words(text: str | None) -> list[str]:
    """Return text as words: a stream in pieces is joined with or without white space."""
    return (text or "").split()


def sessions(name: str) -> Iterator[Difference]:
    for where, found, true in pairs(name):
        for key in ("session_id", "user_id"):
            if (true.get(f"{key}_in_telemetry") or {}).get("present"):
                yield f"{where} {key}", found[key], true[key]


def tools(name: str) -> Iterator[Difference]:
    for where, found, true in pairs(name):
        have = Counter(tool["name"] for tool in found["tool_calls"])
        need = Counter(tool["name"] for tool in true["tool_calls"])
        yield f"{where} tools", need - have, Counter()
        failed = sum(bool(tool["error"]) for tool in found["tool_calls"])
        yield f"{where} failed", failed, sum(bool(t["error"]) for t in true["tool_calls"])


NO_CONTENT = frozenset({"otel-openai-v2__content-flag-ignored"})
NO_NODES = frozenset({"otel-genai-langchain__langgraph-refund-retry"})


def tool_words(name: str) -> Iterator[Difference]:
    """Arguments and results are those the tool functions got and gave."""
    if name in NO_CONTENT:
        return
    for where, found, true in pairs(name):
        have = list(found["tool_calls"])
        for tool in true["tool_calls"]:
            at = next((h for h in have if h["name"] == tool["name"]), None)
            if at is None:
                continue
            have.remove(at)
            yield f"{where} {tool['name']} args", parsed(at["args"]), parsed(tool["args"])
            if tool["error"] is None:
                yield f"{where} {tool['name']} result", parsed(at["result"]), parsed(tool["result"])


def parsed(value: object) -> object:
    """Return JSON in a string as what it says, numbers written as text among it."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def nodes(name: str) -> Iterator[Difference]:
    if name in NO_NODES:
        return
    for where, found, true in pairs(name):
        have = [node["name"] for node in found["nodes"] if true["nodes"]]
        yield f"{where} nodes", have, [node["name"] for node in true["nodes"]]


def transitions(name: str) -> Iterator[Difference]:
    """Where nodes follow one another, each change from one to the next is told once."""
    if name in NO_NODES:
        return
    for where, found, true in pairs(name):
        visited = [node["name"] for node in true["nodes"]]
        need = [(a, b) for a, b in pairwise(visited) if a != b]
        have = [(s["from"], s["to"]) for s in found["state_changes"] if true["nodes"]]
        yield f"{where} changes", have, need


def agents(name: str) -> Iterator[Difference]:
    for where, found, true in pairs(name):
        yield f"{where} agents", set(true["agents"]) - set(found["agents"]), set()


DIMENSIONS: tuple[Callable[[str], Iterator[Difference]], ...] = (
    tokens, call_count, meters, dollars, models, answers, sessions, tools, tool_words, nodes,
    transitions, agents,
)  # fmt: skip


def score(compared: list[Difference], found: list[Difference]) -> str:
    """Return how many comparisons agreed of how many the payload allows."""
    return f"{len(compared) - len(found)}/{len(compared)}" if compared else "–"


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_a_capture_says_what_really_happened(
    name: str,
    dimension: Callable[[str], Iterator[Difference]],
    record_property: Callable[[str, object], None],
):
    compared = list(dimension(name))
    differing = [(where, have, need) for where, have, need in compared if have != need]
    record_property(score_table.CELL, [name, dimension.__name__, score(compared, differing)])
    assert differing == []
