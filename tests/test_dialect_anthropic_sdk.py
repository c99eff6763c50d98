"""Spans that Anthropic's client makes by itself, as they were recorded beside others."""

from dataclasses import replace

from spanledger_collector import normalise
from spanledger_collector.dialects import anthropic_sdk
from spanledger_schema.span import Content, Counts, Facts
from tests.recorded import one, spans, survives

CAPTURE = "openinference-anthropic__tools-cache-stream"


def test_a_call_says_how_it_ended_and_at_which_tier():
    assert anthropic_sdk.read(one(CAPTURE, "f4f45f")) == Facts(
        finish_reason="tool_use",
        streaming=False,
        counts=Counts(),
        price_context={"service_tier": "standard"},
        dialect="anthropic_sdk",
    )


def test_cache_writes_that_live_an_hour_are_kept_apart():
    span = one(CAPTURE, "f4f45f")
    name = "anthropic.usage.cache_creation.ephemeral_1h_input_tokens"
    facts = normalise.facts(replace(span, attributes={**span.attributes, name: 86}))
    assert facts.counts is not None
    assert (facts.counts.cache_write_tokens, facts.counts.cache_write_1h_tokens) == (486, 86)
    assert facts.counts.input_tokens == 2473


def test_a_stream_is_one():
    assert anthropic_sdk.read(one(CAPTURE, "832b66")).streaming is True


def test_it_says_nothing_of_what_was_said():
    assert anthropic_sdk.content(one(CAPTURE, "f4f45f"), ()) == Content()


def test_garbage_in_any_place_never_raises_and_never_counts():
    for span in spans(CAPTURE):
        if span.scope.name.startswith(anthropic_sdk.SCOPE):
            survives(anthropic_sdk, span)
