"""Agents of other frameworks than those of the corpus, as real libraries recorded them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spanledger_collector import decode, normalise
from spanledger_collector.dialects import (
    agentops,
    laminar,
    langwatch,
    logfire_agents,
    mirascope,
    openinference,
    openllmetry,
)
from spanledger_collector.explain import explain
from spanledger_collector.pricebook import Pricebook
from spanledger_schema.span import Span, Value
from tests import recorded

DATA = Path(__file__).parent / "data" / "dialects"

Object = dict[str, Any]


@cache
def spans(name: str) -> Sequence[Span]:
    """Return the spans of a recording."""
    return decode.spans((DATA / f"{name}.pb").read_bytes(), "protobuf").spans


@cache
def traces(name: str) -> list[Object]:
    """Return what the traces of a recording come to, in order of start."""
    logs = DATA / f"{name}.logs.pb"
    records = decode.records(logs.read_bytes(), "protobuf").records if logs.exists() else []
    found: list[Object] = explain(spans(name), records, Pricebook())["traces"]
    return found


METERS = ("input_tokens_total", "cache_read_tokens", "output_tokens_total")


def meters(trace: Object) -> list[tuple[int | None, ...]]:
    """Return input, cached and output tokens of each billed call."""
    return [tuple(call[meter] for meter in METERS) for call in trace["llm_calls"]]


def every_meter(trace: Object) -> list[tuple[int | None, ...]]:
    """Return input, cached, written and output tokens of each billed call."""
    names = ("input_tokens_total", "cache_read_tokens", "cache_write_tokens", "output_tokens_total")
    return [tuple(call[name] for name in names) for call in trace["llm_calls"]]


def tools(trace: Object) -> list[tuple[str, object, object, bool]]:
    """Return the tool calls: name, arguments, result and whether it failed."""
    return [(t["name"], t["args"], t["result"], bool(t["error"])) for t in trace["tool_calls"]]


def errors(trace: Object) -> list[tuple[str, str]]:
    return [(e["type"], e["where"]) for e in trace["errors"]]


def test_putting_a_request_together_is_no_call():
    refused, team = traces("llama-index-openinference")
    assert meters(team) == [(2296, 388, 346), (2433, 399, 363), (2570, 410, 380)]
    assert [call["error"] is not None for call in refused["llm_calls"]] == [True]


def test_the_agents_of_llama_index_are_named_by_the_events_of_their_steps():
    _, team = traces("llama-index-openinference")
    assert team["agents"] == ["researcher", "writer"]
    assert [c["agent"] for c in team["llm_calls"]] == ["researcher", "researcher", "writer"]


def test_a_tool_of_llama_index_returned_what_its_function_did():
    _, team = traces("llama-index-openinference")
    assert tools(team)[0] == ("find_flight", {"city": "Rome", "day": 9}, "FL-Rome-9", False)


def test_a_stream_that_a_framework_hands_on_and_its_client_reads_is_one_call():
    found = [meters(trace) for trace in traces("llama-index-streams-and-openai")]
    unknown = (None, None, None)
    assert found == [
        [unknown] * 2,
        [unknown] * 3,
        [unknown] * 2,
        [(2296, 388, 346), (2433, 399, 363)],
        [(2570, 410, 380), (2707, 421, 397), (2844, 432, 414)],
        [(2981, 443, 431), (3118, 454, 448)],
    ]


def test_the_steps_that_openllmetry_records_of_llama_index_are_tools_and_agents():
    (trace,) = traces("llama-index-openllmetry")
    assert trace["agents"] == ["travel"]
    assert {call["agent"] for call in trace["llm_calls"]} == {"travel"}
    assert tools(trace) == [
        ("find_flight", {"city": "Oslo", "day": 0}, "day zero", True),
        ("find_flight", {"city": "Oslo", "day": 3}, "FL-Oslo-3", False),
    ]


def test_cached_tokens_are_found_in_the_repr_of_a_reply():
    embedding, agent, _ = traces("haystack-openinference")
    assert meters(agent) == [(1611, 333, 261), (1748, 344, 278)]
    assert meters(embedding) == [(42, None, None)]


def test_a_tool_result_without_id_and_name_belongs_to_the_answer_before_it():
    _, agent, _ = traces("haystack-openinference")
    assert tools(agent) == [("weather", {"city": "Genoa"}, None, False)]


def test_what_two_libraries_tell_of_one_conversation_is_one_tool_call():
    (trace,) = traces("haystack-and-openai")
    assert meters(trace) == [(1611, 333, 261), (1748, 344, 278)]
    assert tools(trace) == [("weather", {"city": "Genoa"}, "sun in Genoa", False)]


def test_an_error_that_wraps_another_is_reported_once():
    *_, failed = traces("haystack-openinference")
    (agent,) = traces("smolagents-openinference")
    assert errors(failed) == [("BadRequestError", "llm")]
    assert errors(agent) == [("ValueError", "tool:lookup_order")]


def test_cached_tokens_are_found_in_the_providers_answer_that_a_framework_kept():
    (trace,) = traces("smolagents-openinference")
    assert meters(trace) == [(1337, 311, 227), (1474, 322, 244), (1611, 333, 261)]


def test_what_a_failed_tool_answered_is_its_error_where_nothing_else_tells_of_it():
    (trace,) = traces("strands-0.3")
    failed, worked = trace["tool_calls"]
    assert failed["error"] == {"type": None, "message": "Error: no such city"}
    assert worked["error"] is None
    assert trace["totals"]["tool_errors"] == 1


BEDROCK = [(1337, 311, 41, 227), (1474, 322, 42, 244), (1611, 333, 43, 261), (1748, 344, 44, 278)]
"""Input, cached, written and output tokens of the first four answers: two, a stream, a raw one."""


def test_bedrocks_input_as_openllmetry_hands_it_on_leaves_the_cache_out():
    """Of a raw stream it tells no cached tokens, so that nothing can be added."""
    (trace,) = traces("openllmetry-bedrock")
    *whole, raw_stream, refused = every_meter(trace)
    assert whole == BEDROCK
    assert (raw_stream, refused) == ((1485, None, None, 295), (None,) * 4)


def test_cached_tokens_beside_the_input_of_a_kept_answer_are_part_of_the_whole():
    (trace,) = traces("openinference-bedrock")
    assert every_meter(trace) == [*BEDROCK, (1885, 355, 45, 295), (None,) * 4]
    streamed = [call["streaming"] for call in trace["llm_calls"]]
    assert streamed == [None, None, True, None, True, None]


def test_the_words_of_semantic_kernel_are_in_log_records_that_are_named_by_an_attribute():
    (trace,) = traces("semantic-kernel")
    told = [(c["finish_reason"], c["output_text"]) for c in trace["llm_calls"]]
    assert told == [("tool_calls", None), ("tool_calls", None), ("stop", "sun in Rome")]
    assert trace["agents"] == ["helper"]
    assert tools(trace) == [
        ("p-weather", {"city": "Nowhere"}, None, True),
        ("p-weather", {"city": "Rome"}, "sun in Rome", False),
    ]


def test_mirascopes_own_account_of_a_call_knows_its_session_and_its_cached_tokens():
    (trace,) = traces("mirascope")
    assert trace["session_id"] == "s-m"
    assert meters(trace) == [(1337, 311, 227), (1474, 322, 244)]
    assert {call["response_model"] for call in trace["llm_calls"]} == {"openai/gpt-4o"}
    assert None not in {call["cost_usd"] for call in trace["llm_calls"]}


@pytest.mark.parametrize("place", range(4))
def test_garbage_in_any_place_of_mirascopes_spans_never_raises_and_never_counts(place: int):
    recorded.survives(mirascope, spans("mirascope")[place])


def test_cached_tokens_of_a_stream_are_found_in_the_event_that_was_kept_whole():
    (trace,) = traces("mistral-openinference")
    assert meters(trace) == [(1337, 311, 227), (1474, 322, 244)]


def test_the_address_of_a_stream_that_nobody_read_out_is_no_answer():
    given = {"openinference.span.kind": "LLM", "output.value": "<groq.Stream object at 0x7fe43b9>"}
    told = recorded.made("Completions", attributes=given)
    assert openinference.content(told, ()).output == []
    assert openinference.read(told).preview is None


def test_a_run_whose_calls_have_no_spans_is_billed_by_the_model_it_names():
    (trace,) = traces("claude-agent-sdk")
    (run,) = trace["llm_calls"]
    assert every_meter(trace) == [(1337, 311, 0, 1)]
    assert (run["response_model"], run["agent"]) == ("claude-haiku-4-5", "ClaudeAgentSDK")
    assert run["cost_usd"] is not None


def test_session_and_user_are_those_that_the_application_wrote_into_its_request():
    first, *_ = found = traces("litellm-openinference")
    assert (first["session_id"], first["user_id"]) == ("s-l", "ann")
    assert [m for trace in found for m in meters(trace)] == [(1337, 311, 227), (1611, 333, 261)]


def test_what_a_subtask_used_is_paid_for_by_its_calls_and_not_by_the_record_of_it():
    """Gemini's API counts thoughts beside the output, which AG2 hands on so."""
    asked, again, refused = traces("ag2-gemini-subtask")
    assert every_meter(asked) == [
        (1137, 311, None, 217), (1274, 322, None, 234), (1411, 333, None, 251),
        (1548, 344, None, 268), (1685, 355, None, 285),
    ]  # fmt: skip
    assert [call["reasoning_tokens"] for call in asked["llm_calls"]] == [33, 36, 39, 42, 45]
    assert [call["agent"] for call in asked["llm_calls"]] == ["boss", *["helper"] * 3, "boss"]
    assert (meters(again), meters(refused)) == ([(1822, 366, 302)], [(None, None, None)])
    assert [trace["session_id"] for trace in (asked, again, refused)] == ["s-ag"] * 3


def test_cached_tokens_that_an_api_counts_beside_its_input_are_handed_on_so_by_ag2():
    asked, again, _ = traces("ag2-anthropic-subtask")
    assert every_meter(asked) == [
        (1137, 311, 41, 217), (1274, 322, 42, 234), (1411, 333, 43, 251), (1548, 344, 44, 268),
        (1685, 355, 45, 285),
    ]  # fmt: skip
    assert every_meter(again) == [(1822, 366, 46, 302)]


def test_a_request_that_names_its_model_is_the_call_that_another_library_told_of():
    (trace,) = traces("mistral-sdk-and-openllmetry")
    unknown = (None, None, None)  # a stream whose zeros nobody counted, and a refused call
    assert meters(trace) == [(1137, 311, 217), (1274, 322, 234), unknown, unknown]
    assert [c["not_billed_because"] for c in trace["not_billed"]] == ["duplicate"] * 4
    assert [c["error"] is not None for c in trace["llm_calls"]] == [False, False, False, True]


def test_a_tool_of_adk_that_failed_has_nothing_but_its_name():
    """What LiteLLM reached is not Google's, whatever ADK says of it."""
    (trace,) = traces("adk-litellm-tool-fails")
    assert tools(trace) == [
        ("helper", {"request": "x"}, None, True),
        ("weather", {"city": "Nowhere"}, None, True),
    ]
    assert errors(trace) == [("ValueError", "tool:weather")]
    assert {call["provider"] for call in trace["llm_calls"]} == {"openai"}
    assert None not in {call["cost_usd"] for call in trace["llm_calls"]}


def test_reasoning_that_adk_adds_to_an_output_which_contains_it_counts_once():
    first, streamed = traces("adk-litellm")
    assert meters(first) == [
        (1137, 311, 217), (1274, 322, 234), (1411, 333, 251), (1548, 344, 268), (1685, 355, 285),
        (1822, 366, 302),
    ]  # fmt: skip
    assert [call["reasoning_tokens"] for call in first["llm_calls"]] == [33, 36, 39, 42, 45, 48]
    assert meters(streamed) == [(1959, 377, 319), (2096, 388, 336), (2233, 399, 353)]
    told = [call["output_text"] for call in streamed["llm_calls"]]
    assert told == ["fine 6", "fine 7", "fine 7"]
    assert [(t["session_id"], t["user_id"]) for t in (first, streamed)] == [("s-adk", "ann")] * 2


def test_a_tool_of_mlflow_returned_what_is_in_its_message():
    (trace,) = traces("mlflow-langgraph")
    assert tools(trace) == [
        ("ask_helper", {"q": "weather in Rome"}, "sun there", False),
        ("weather", {"city": "Rome"}, "sun in Rome", False),
        ("weather", {"city": "Oslo"}, "sun in Oslo", False),
    ]
    assert [call["agent"] for call in trace["llm_calls"]] == ["boss", "helper", "helper", "boss"]


def test_the_address_of_a_stream_is_no_answer_to_any_library():
    (trace,) = traces("mlflow-anthropic")
    assert [c["output_text"] for c in trace["llm_calls"]] == ["let me see", "sun", None, None]
    unknown = (None,) * 4
    assert every_meter(trace) == [(1137, 311, 41, 217), (1274, 322, 42, 234), unknown, unknown]


def test_messages_that_a_client_of_azure_keeps_in_one_attribute_of_its_events_are_read():
    (trace,) = traces("azure-inference")
    words = [None, "sunny", "streamed words", "fine 4"]
    assert [call["output_text"] for call in trace["llm_calls"]] == words
    assert tools(trace) == [("weather", {"city": "Rome"}, "sun in Rome", False)]
    assert errors(trace) == [("429", "http:POST")]


def test_a_tool_call_that_was_not_flattened_is_found_in_the_answer_itself():
    (trace,) = traces("portkey-openinference")
    assert tools(trace) == [("weather", {"city": "Rome"}, "sun in Rome", False)]
    unknown = (None, None, None)
    assert meters(trace) == [(1137, 311, 217), (1274, 322, 234), unknown, unknown]


def test_what_beeais_emitter_said_is_neither_a_tool_call_nor_an_agent():
    (trace,) = traces("beeai-openinference")
    assert [(name, given, failed) for name, given, _, failed in tools(trace)] == [
        ("weather", {"city": "Nowhere"}, True),
        ("weather", {"city": "Rome"}, False),
        ("final_answer", {"response": "sunny"}, False),
    ]
    assert trace["agents"] == ["helper"]
    assert errors(trace) == [("ToolError", "tool:weather")]
    assert meters(trace) == [(1137, 311, 217), (1274, 322, 234), (1411, 333, 251)]


TOLD_TWICE = [
    ("weather", {"city": "Rome"}, "sun in Rome", False),
    ("weather", {"city": "Nowhere"}, None, True),
]
"""The tool calls of a conversation that Laminar and LangWatch watched."""


def test_laminars_spans_are_calls_and_tools_of_a_session():
    (trace,) = traces("laminar")
    unknown = (None,) * 4
    assert every_meter(trace) == [
        (1137, 311, None, 217), (1274, 322, None, 234), (1411, 333, None, 251), unknown,
        (1685, 355, None, 285), (46, 0, None, 0), unknown, (2096, 388, 48, 336),
        (2233, 399, 49, 353),
    ]  # fmt: skip
    assert [call["kind"] for call in trace["llm_calls"]].count("embedding") == 1
    assert [call["error"] is not None for call in trace["llm_calls"]].index(True) == 6
    assert (trace["session_id"], trace["user_id"]) == ("s-pl", "ann")
    assert tools(trace) == TOLD_TWICE


def test_langwatchs_spans_are_calls_and_tools_of_a_session():
    (trace,) = traces("langwatch")
    unknown = (None, None, None)
    assert meters(trace) == [(1137, None, 217), (1274, None, 234), (1411, None, 251), unknown]
    told = [(c["reasoning_tokens"], c["output_text"], c["streaming"]) for c in trace["llm_calls"]]
    assert told == [
        (33, None, None), (36, "sunny", None), (39, "streamed words", True), (None, None, None),
    ]  # fmt: skip
    assert (trace["session_id"], trace["user_id"]) == ("s-pl", "ann")
    assert tools(trace) == TOLD_TWICE


def test_tokens_that_langwatch_estimated_are_none_that_a_provider_counted():
    told = {"langwatch.span.type": "llm", "langwatch.metrics": (
        '{"prompt_tokens": 7, "completion_tokens": 2, "tokens_estimated": true, "cost": 0.25}'
    )}  # fmt: skip
    facts = langwatch.read(recorded.made("llm", attributes=told))
    assert facts.counts is not None
    assert facts.counts.source == "estimated"
    assert facts.reported_usd == Decimal("0.25")


def test_what_a_guardrail_of_langwatch_did_not_let_pass_was_blocked():
    told = {
        "langwatch.span.type": "guardrail",
        "langwatch.output": '{"type": "guardrail_result", "value": {"passed": false}}',
    }
    facts = langwatch.read(recorded.made("no secrets", attributes=told))
    assert (facts.kind, facts.policy, facts.verdict) == ("guardrail", "no secrets", "blocked")


@pytest.mark.parametrize(("dialect", "place"), [(laminar, 1), (laminar, 9), (langwatch, 1)])
def test_garbage_in_any_place_of_their_spans_never_raises_and_never_counts(
    dialect: ModuleType, place: int
):
    recorded.survives(dialect, spans(dialect.NAME)[place])


def test_the_steps_that_logfire_tells_of_openais_agents_are_calls_tools_and_agents():
    whole, streamed, refused = traces("logfire-openai-agents")
    assert every_meter(whole) == [
        (1137, 311, 0, 217), (1274, 322, 0, 234), (1411, 333, 0, 251), (1548, 344, 0, 268),
        (1685, 355, 0, 285), (1822, 366, 0, 302),
    ]  # fmt: skip
    acted = [call["agent"] for call in whole["llm_calls"]]
    assert acted == ["boss", "helper", "helper", "helper", "boss", "closer"]
    said = [call["output_text"] for call in whole["llm_calls"]]
    assert said == [None, None, None, "sun there", None, "closing words"]
    refusal = "An error occurred while running the tool. Please try again."
    assert tools(whole) == [
        ("ask_helper", {"input": "weather in Rome"}, "sun there", False),
        ("weather", {"city": "Nowhere"}, refusal, True),
        ("weather", {"city": "Rome"}, "sun in Rome", False),
        ("weather", {"city": "Oslo"}, "sun in Oslo", False),
    ]
    assert whole["state_changes"] == [{"from": "boss", "to": "closer", "reason": None}]
    assert meters(streamed) == [(1959, 377, 319)]
    assert (meters(refused), errors(refused)) == ([(None,) * 3], [("BadRequestError", "llm")])
    assert {t["session_id"] for t in (whole, streamed, refused)} == {"s-oa"}
    assert [t["name"] for t in (whole, streamed, refused)] == ["wf"] * 3


def test_zeros_of_a_chat_stream_that_logfire_hands_on_are_unknown():
    (trace,) = traces("logfire-openai-agents-chat")
    assert [(c["kind"], c["input_tokens_total"]) for c in trace["llm_calls"]] == [("llm", None)]


def test_a_guardrail_that_logfire_says_was_triggered_blocked():
    told = {"name": "no secrets", "triggered": True}
    span = recorded.made("Guardrail {name!r} {triggered=}", logfire_agents.SCOPE, attributes=told)
    facts = logfire_agents.read(span)
    assert (facts.kind, facts.policy, facts.verdict) == ("guardrail", "no secrets", "blocked")


@pytest.mark.parametrize("place", [4, 5, 10])
def test_garbage_in_any_place_of_these_steps_never_raises_and_never_counts(place: int):
    ordered = sorted(spans("logfire-openai-agents"), key=lambda span: span.start_ns)
    recorded.survives(logfire_agents, ordered[place])


def test_agentopss_spans_are_calls_and_tools():
    """It tells no cached tokens; what a model asked for has a span that is no tool that ran."""
    (trace,) = traces("agentops")
    assert meters(trace) == [
        (1137, None, 217), (1274, None, 234), (1411, None, 251), (1548, None, 268),
        (46, None, None), (None, None, None),
    ]  # fmt: skip
    kinds = [call["kind"] for call in trace["llm_calls"]]
    assert kinds == [*["llm"] * 4, "embedding", "llm"]
    said = [call["output_text"] for call in trace["llm_calls"]]
    assert said == [None, "sunny", "streamed words", "streamed silent", None, None]
    assert tools(trace) == TOLD_TWICE
    assert errors(trace) == [("BadRequestError", "llm"), ("ValueError", "tool:weather")]


@pytest.mark.parametrize("place", [1, 7, 9])
def test_garbage_in_any_place_of_agentopss_spans_never_raises_and_never_counts(place: int):
    ordered = sorted(spans("agentops"), key=lambda span: span.start_ns)
    recorded.survives(agentops, ordered[place])


def test_the_host_that_livekit_asks_is_no_provider_and_the_model_tells():
    (trace,) = traces("livekit")
    assert meters(trace) == [(1137, 311, 217), (1274, 322, 234), (1411, 333, 251)]
    assert {call["provider"] for call in trace["llm_calls"]} == {"openai"}
    assert None not in {call["cost_usd"] for call in trace["llm_calls"]}
    assert [(name, given, failed) for name, given, _, failed in tools(trace)] == [
        ("weather", {"city": "Nowhere"}, True),
        ("weather", {"city": "Rome"}, False),
    ]


REFUSED = {"type": "tool", "content": "no such city", "tool_call_id": "c", "status": "error"}


@pytest.mark.parametrize(
    "told",
    [
        {
            "openinference.span.kind": "TOOL",
            "output.value": json.dumps({"type": "tool", "data": REFUSED}),
        },
        {"mlflow.spanType": '"TOOL"', "mlflow.spanOutputs": json.dumps(REFUSED)},
        {
            "traceloop.span.kind": "tool", "traceloop.entity.name": "weather",
            "traceloop.entity.output": json.dumps({"output": {"kwargs": REFUSED}, "kwargs": {}}),
        },
    ],
    ids=["openinference", "mlflow", "openllmetry"],
)  # fmt: skip
def test_a_tool_whose_message_says_that_it_failed_has_failed(told: dict[str, str]):
    facts = normalise.facts(recorded.made("weather", attributes=told))
    assert (facts.tool, facts.status, facts.error_message) == ("weather", "error", "no such city")


def test_claudes_input_as_llama_index_hands_it_on_leaves_the_cache_out():
    (trace,) = traces("llama-index-anthropic-openllmetry")
    assert every_meter(trace) == [
        (1137, 311, 41, 217), (1274, 322, 42, 234), (1411, 333, 43, 251), (1548, 344, 44, 268),
    ]  # fmt: skip
    assert {(c["kind"], c["provider"]) for c in trace["llm_calls"]} == {("llm", "anthropic")}
    assert [c["agent"] for c in trace["llm_calls"]] == ["boss", "helper", "helper", "helper"]


def test_a_span_that_was_sent_twice_is_told_once():
    ended = spans("strands-0.3")
    begun = [replace(span, end_ns=0) for span in ended]
    assert explain([*ended, *begun, *ended], [], Pricebook())["traces"] == traces("strands-0.3")


def test_a_tool_that_a_framework_says_has_failed_has_failed():
    (trace,) = traces("crewai-openllmetry")
    assert tools(trace) == [
        ("price_lookup", {"sku": "X0"}, "Error executing tool: unknown sku", True),
        ("price_lookup", {"sku": "X1"}, "9 EUR", False),
    ]


def test_what_older_openlit_counted_itself_of_a_chat_stream_is_not_usage():
    found = [meters(trace) for trace in traces("openlit-1.34-openai")]
    unknown = [(None, None, None)]
    assert found == [
        [(1337, None, 227)], unknown, unknown,  # the streams: one had not asked for usage, one had
        [(1748, None, 278)], [(1885, None, 295)], [(2022, None, None)], unknown,
    ]  # fmt: skip


def test_an_answer_that_is_sent_back_because_it_does_not_fit_its_schema_is_no_tool_call():
    retried, fitting = traces("instructor-and-openai")
    assert meters(retried) == [(1337, 311, 227), (1474, 322, 244)]
    assert meters(fitting) == [(1611, 333, 261)]
    assert [retried["tool_calls"], fitting["tool_calls"]] == [[], []]


def test_a_tool_has_failed_when_the_account_inside_its_own_says_so():
    _, trace = traces("autogen-tool-fails")
    assert [(name, failed) for name, _, _, failed in tools(trace)] == [
        ("find", True), ("find", False), ("find", False)
    ]  # fmt: skip
    assert trace["tool_calls"][0]["error"] == {"type": "ValueError", "message": "no X"}
    assert errors(trace) == [("ValueError", "tool:find")]
    assert trace["totals"]["tool_errors"] == 1


def test_a_run_that_recorded_an_exception_failed_though_its_status_is_ok():
    _, trace = traces("langsmith-sdk")
    failed = [call["error"] and call["error"]["type"] for call in trace["llm_calls"]]
    assert failed == [None, None, None, "RateLimitError"]


def test_a_router_that_wraps_its_answer_is_the_reason_of_a_change():
    resumed, _ = traces("langsmith-sdk")
    assert resumed["state_changes"] == [{"from": "approve", "to": "publish", "reason": "route"}]


def test_zeros_of_a_team_that_streamed_without_usage_are_unknown():
    *_, team = traces("autogen-agentchat")
    assert meters(team) == [(1337, None, 227), (1474, None, 244), (None, None, None)]
    assert [call["agent"] for call in team["llm_calls"]] == ["writer", "writer", "critic"]
    assert tools(team) == [("find", {"city": "Y"}, "F-Y", False)]


def test_zeros_of_a_stream_without_usage_are_unknown():
    assert [meters(trace) for trace in traces("litellm-streams")] == [
        [(1337, 311, 227)], [(None, None, None)], [(1611, 333, 261)], [(1748, 344, 278)],
    ]  # fmt: skip


def test_a_workflows_input_comes_from_no_state():
    (trace,) = traces("agent-framework-workflow")
    assert [node["name"] for node in trace["nodes"]] == ["up", "rev"]
    assert trace["state_changes"] == [{"from": "up", "to": "rev", "reason": None}]


def test_the_way_through_a_graph_is_read_out_of_metadata_that_were_cut_off():
    (trace,) = traces("langgraph-length-limit")
    assert [node["name"] for node in trace["nodes"]] == [
        "planner", "research", "research", "draft", "review", "outline", "polish", "approve",
    ]  # fmt: skip
    assert (trace["session_id"], trace["user_id"]) == ("thread-5", "ann")


CLAUDE = [(1474, 322, 0, 244), (1611, 333, 93, 261)]
"""Input, cached, written and output tokens that the server counted for the sub-agent's calls."""


def of_claude(trace: Object) -> list[tuple[int | None, ...]]:
    """Return input, cached, written and output tokens of the calls of the sub-agent."""
    calls = [c for c in trace["llm_calls"] if c["provider"] == "anthropic"]
    return [tuple(count or 0 for count in meters) for meters in every_meter({"llm_calls": calls})]


def test_cached_tokens_beside_langfuses_input_are_part_of_the_whole():
    assert of_claude(traces("langchain-agent-langfuse")[0]) == CLAUDE


def test_cache_writes_that_langchain_tells_by_their_lifetime_are_counted():
    assert of_claude(traces("langchain-agent-langsmith")[0]) == CLAUDE


def test_of_two_accounts_of_a_call_the_one_that_counted_the_cache_writes_is_billed():
    assert of_claude(traces("langchain-agent-openllmetry")[0]) == CLAUDE


@pytest.mark.parametrize("library", ["langfuse", "langsmith", "openllmetry"])
def test_a_tool_returned_what_is_in_its_message(library: str):
    (trace,) = traces(f"langchain-agent-{library}")
    assert sorted(tools(trace), key=str) == [
        ("ask_tracker", {"q": "where is B"}, "B and C shipped", False),
        ("status", {"order": "B"}, "shipped B", False),
        ("status", {"order": "C"}, "shipped C", False),
    ]


@pytest.mark.parametrize("library", ["langfuse", "langsmith", "openllmetry"])
def test_the_run_that_bears_an_agents_name_is_the_agent(library: str):
    (trace,) = traces(f"langchain-agent-{library}")
    assert trace["agents"] == ["support", "tracker"]
    acted = [call["agent"] for call in trace["llm_calls"]]
    assert acted == ["support", "tracker", "tracker", "support"]


@pytest.mark.parametrize("read", [openinference.called_with, openllmetry.called_with])
def test_arguments_by_position_are_kept_beside_those_by_name(
    read: Callable[[dict[str, Value]], Value],
):
    given = '{"args": [500], "kwargs": {"to": "bob"}}'
    told = read({"input.value": given, "traceloop.entity.input": given})
    assert told == {"args": [500], "kwargs": {"to": "bob"}}
