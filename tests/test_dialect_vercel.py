"""Spans of the Vercel AI SDK: recorded ones of version 6, and older ones as its source writes."""

import json
from typing import Any

import pytest

from spanledger_collector.dialects import vercel
from spanledger_collector.normalise import facts
from spanledger_collector.usage import usage
from spanledger_schema.span import Content, Counts, Event, Facts, Message, Part, Span
from tests import recorded
from tests.recorded import made, one

CAPTURE = "vercel-ai-sdk__otlp-json-chat"

OURS: dict[str, Any] = {
    "session_id": "shop-1",
    "session_rank": 3,
    "user_id": "user-js",
    "dialect": "vercel",
}


def test_a_step_is_the_call():
    assert vercel.read(one(CAPTURE, "1fd4")) == Facts(
        kind="llm",
        **OURS,
        trace_name="shop-chat",
        provider="openai.chat",
        request_model="gpt-4o",
        response_model="gpt-4o-2024-08-06",
        response_id="chatcmpl-vercel-a0001",
        streaming=False,
        finish_reason="tool-calls",
        counts=Counts(
            input_tokens=2352,
            output_tokens=300,
            total_tokens=2652,
            cache_read_tokens=0,
            reasoning_tokens=0,
            includes_cache=True,
            basis="scope",
        ),
        preview='price({"item": "ghost"})',
    )


def test_the_wrapper_of_steps_is_an_agents_run():
    facts = vercel.read(one(CAPTURE, "bd63"))
    assert (facts.kind, facts.agent, facts.preview) == ("agent", "shop-chat", "The lamp is 9.50.")


def test_the_wrapper_of_one_object_is_a_workflow():
    assert vercel.read(one(CAPTURE, "6194")).kind == "workflow"


def test_a_streamed_step_has_its_time_to_first_token_in_milliseconds():
    facts = vercel.read(one(CAPTURE, "7963"))
    assert (facts.streaming, facts.ttft_ns) == (True, 51_960_886)


def test_a_tool_call_names_its_tool_and_its_call():
    assert vercel.read(one(CAPTURE, "c599")) == Facts(
        kind="tool",
        **OURS,
        trace_name="shop-chat",
        tool="price",
        tool_call_id="call_020015664286",
        preview='{"item":"lamp"}',
    )


def test_a_tool_call_shows_arguments_and_result():
    assert vercel.content(one(CAPTURE, "c599"), ()) == Content(
        arguments={"item": "lamp"}, result={"item": "lamp", "eur": 9.5}
    )


def test_an_answer_that_calls_a_tool_is_shown_as_such():
    call = Part("tool_call", name="price", id="call_010015664286", data={"item": "ghost"})
    assert vercel.content(one(CAPTURE, "1fd4"), ()).output == [
        Message("assistant", (call,), "tool-calls")
    ]


def test_the_wrappers_system_prompt_comes_first():
    assert vercel.content(one(CAPTURE, "bd63"), ()).input == [
        Message("system", (Part("text", text="You sell things."),)),
        Message("user", (Part("text", text="Price of ghost or lamp?"),)),
    ]


def test_anthropics_usage_is_taken_from_the_providers_metadata():
    own = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 90}
    span = step({"ai.usage.inputTokens": 10}, {"anthropic": {"usage": own}})
    used = usage(vercel.read(span).counts, provider="anthropic", scope=span.scope)
    assert (used.input_tokens, used.cache_read_tokens, used.semantics_basis) == (100, 90, "raw")


@pytest.mark.parametrize(
    ("provider", "own", "whole_input"),
    [
        ("anthropic", {"cacheReadInputTokens": 90, "cacheCreationInputTokens": 7}, 107),
        ("bedrock", {"usage": {"cacheWriteInputTokens": 7}}, 17),
        ("openai", {"cachedPromptTokens": 8, "reasoningTokens": 2}, 10),
    ],
)
def test_version_4_keeps_cached_tokens_beside_the_input_for_some_providers(
    provider, own, whole_input
):
    span = step({"ai.usage.promptTokens": 10, "ai.usage.completionTokens": 5}, {provider: own})
    used = usage(vercel.read(span).counts, provider=provider, scope=span.scope)
    assert (used.input_tokens, used.output_tokens) == (whole_input, 5)


def test_an_embedding_step_counts_tokens_under_their_own_name():
    given = {"ai.operationId": "ai.embed.doEmbed", "ai.usage.tokens": 43}
    facts = vercel.read(made("ai.embed.doEmbed", attributes=given))
    assert (facts.kind, facts.counts) == ("embedding", Counts(input_tokens=43))


@pytest.mark.parametrize(
    "name", ["session_id", "session.id", "chatId", "threadId", "conversation_id"]
)
def test_the_session_is_wherever_the_application_put_it(name):
    given = {"ai.operationId": "ai.generateText", f"ai.telemetry.metadata.{name}": "s"}
    facts = vercel.read(made("ai.generateText", attributes=given))
    assert (facts.session_id, facts.session_rank) == ("s", 3)


@pytest.mark.parametrize(
    "told",
    [
        {"ai.operationId": "ai.toolCall", "ai.toolCall.result": "{}"},
        {"ai.operationId": "ai.generateText.doGenerate", "ai.response.finishReason": "stop"},
    ],
)
def test_the_error_of_another_span_that_a_processor_passes_on_is_not_its_own(told):
    thrown = Event("exception", 0, {"exception.type": "Error", "exception.message": "no order"})
    passed_on = made("step", scope="ai", error="no order", attributes=told)
    own = made("step", scope="ai", error="no order", attributes=told, events=(thrown,))
    assert (facts(passed_on).status, facts(passed_on).error_message) == ("ok", None)
    assert (facts(own).status, facts(own).error_message) == ("error", "no order")


@pytest.mark.parametrize("span_id", ["bd63", "1fd4", "5a25", "c599", "7963", "5b39"])
def test_garbage_in_any_attribute_is_no_number_and_raises_nothing(span_id):
    recorded.survives(vercel, one(CAPTURE, span_id))


def step(attributes: dict[str, Any], metadata: dict[str, Any]) -> Span:
    """Return a call with the metadata of its provider."""
    given = {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.response.providerMetadata": json.dumps(metadata),
    }
    return made("ai.generateText.doGenerate", scope="ai", attributes=given | attributes)
