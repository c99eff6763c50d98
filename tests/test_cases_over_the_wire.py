"""The shared table of calls, sent as spans: the same dollars through socket, spool and store.

Counts stand under the names of the vendor or convention that a case names, unchanged; the server
has to find out which it is looking at. Prices that a case brings are own prices of its project.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.ledger.calls import Outcome, bill
from spanledger_collector.pricebook import nanoseconds
from spanledger_collector.spool import Batch
from spanledger_collector.store import Store
from spanledger_schema import attributes as names
from tests.otlp import attribute, span, traces
from tests.pipeline import Pipeline, running
from tests.test_price_cases import CASES, lines

STORES = ["chdb"]

OTEL = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens",
    "cache_write_1h_tokens": names.CACHE_WRITE_1H_TOKENS,
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "input_audio_tokens": "gen_ai.usage.audio.input_tokens",
    "output_audio_tokens": "gen_ai.usage.audio.output_tokens",
    "web_searches": names.WEB_SEARCHES,
    "rerank_searches": names.RERANK_SEARCHES,
}
OWN_NAMES: Mapping[str, Mapping[str, str]] = {
    "anthropic": {
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read_tokens": "cache_read_input_tokens",
        "cache_write_tokens": "cache_creation_input_tokens",
        "cache_write_1h_tokens": "cache_creation.ephemeral_1h_input_tokens",
        "web_searches": "server_tool_use.web_search_requests",
        "reasoning_tokens": "",  # thinking is not reported apart
    },
    "bedrock_converse": {
        "input_tokens": "inputTokens",
        "output_tokens": "outputTokens",
        "cache_read_tokens": "cacheReadInputTokens",
    },
    "gemini": {
        "input_tokens": "promptTokenCount",
        "output_tokens": "candidatesTokenCount",
        "cache_read_tokens": "cachedContentTokenCount",
        "reasoning_tokens": "thoughtsTokenCount",
        "tool_use_prompt_tokens": "toolUsePromptTokenCount",
    },
    "cohere_billed_units": {
        "input_tokens": "billed_units.input_tokens",
        "output_tokens": "billed_units.output_tokens",
        "rerank_searches": "billed_units.search_units",
    },
    "openai": {
        "input_tokens": "prompt_tokens",
        "output_tokens": "completion_tokens",
        "cache_read_tokens": "prompt_tokens_details.cached_tokens",
        "cache_write_tokens": "prompt_tokens_details.cache_write_tokens",
        "reasoning_tokens": "completion_tokens_details.reasoning_tokens",
        "input_audio_tokens": "prompt_tokens_details.audio_tokens",
        "output_audio_tokens": "completion_tokens_details.audio_tokens",
    },
    "xai_chat": {
        "input_tokens": "prompt_tokens",
        "output_tokens": "completion_tokens",
        "cache_read_tokens": "prompt_tokens_details.cached_tokens",
        "reasoning_tokens": "completion_tokens_details.reasoning_tokens",
    },
}


def nested(flat: Mapping[str, int]) -> dict[str, Any]:
    """Return an object from dotted names: {"a.b": 1} → {"a": {"b": 1}}."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        *folders, name = path.split(".")
        inner = found
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[name] = value
    return found


def usage(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that carry the counts of a case.

    The vendor's own usage object, as Logfire passes it on, or else the conventions' names.
    """
    counts = case["usage"]
    own = OWN_NAMES.get(case["dialect"], {})
    if not counts or not counts.keys() <= own.keys():
        return {OTEL[name]: count for name, count in counts.items()}
    found = {own[name]: count for name, count in counts.items() if own[name]}
    if case["dialect"] == "xai_chat":  # the total tells that reasoning stands beside the output
        found["total_tokens"] = sum(counts[n] for n in counts if n != "cache_read_tokens")
    return {"gen_ai.usage.raw": json.dumps(nested(found)), "logfire.span_type": "span"}


def operation(case: Mapping[str, Any]) -> str:
    """Return what the span does."""
    if "rerank_searches" in case["usage"]:
        return "rerank"
    return "chat" if "output_tokens" in case["usage"] or not case["usage"] else "embeddings"


def as_span(case: Mapping[str, Any], number: int) -> Any:
    """Return a case as a span of a trace of its own."""
    start_ns = nanoseconds(datetime.fromisoformat(case["timestamp"]))
    said = {
        "gen_ai.operation.name": operation(case),
        "gen_ai.provider.name": case["provider"],
        "gen_ai.response.model": case["model_as_reported"],
        **usage(case),
        **{names.PRICE_CONTEXT + key: value for key, value in case["context"].items()},
    }
    return span(
        trace_id=number.to_bytes(16), span_id=number.to_bytes(8),
        start_time_unix_nano=start_ns, end_time_unix_nano=start_ns + 1_000_000_000,
        attributes=[attribute(key, value) for key, value in said.items()],
    )  # fmt: skip


def add_own_prices(pipeline: Pipeline, case: Mapping[str, Any]) -> None:
    """Give a project of its own the prices that a case brings."""
    for price in case["custom_prices"]["prices"]:
        written = {key: value for key, value in price.items() if value is not None}
        pipeline.ask("POST", "prices", 201, json=written | {"project_id": case["id"]})


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        for number, case in enumerate(CASES, start=1):
            body = traces(as_span(case, number))
            if case.get("custom_prices"):
                add_own_prices(found, case)
                project = Batch(0, found.now_ns, case["id"], "", "traces", "protobuf", 1, body)
                found.spool.append(project).result()
            else:
                found.send("traces", body)
        found.settle()
        yield found


def stored(store: Store, case: Mapping[str, Any], number: int) -> Outcome:
    """Return what a case came to."""
    project = case["id"] if case.get("custom_prices") else "default"
    ids = {"project": project, "traces": [number.to_bytes(16).hex()]}
    (row,) = store.rows("span_rows", **ids, spans=[number.to_bytes(8).hex()])
    return Outcome(
        row["cost_usd"], row["cost_source"], row["price_status"], row["computed_usd"], bill(row)
    )


def test_every_case_costs_the_same_through_the_wire_and_again_when_priced_anew(
    pipeline: Pipeline, store: Store, subtests: Any
):
    for number, case in enumerate(CASES, start=1):
        with subtests.test(case["id"]):
            found = stored(store, case, number)
            usd = case["expected_usd"]
            assert found.usd == (None if usd is None else Decimal(usd))
            assert found.status == case["expected_status"]
            assert list(found.lines) == lines(case["components"])
    ever = {"from": "1970-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z", "only": "all"}
    assert pipeline.ask("POST", "reprice", json=ever)["spans"] == 0
    verified = pipeline.get("verify")
    assert (verified["holds"], verified["spans"]) == (True, len(CASES))
