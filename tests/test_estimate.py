"""Estimates: what a call used, going by its words, and how far that is to be trusted."""

from decimal import Decimal
from typing import Any

import pytest

from spanledger_collector.estimate import Estimate, covers, estimate, family, is_wanted
from spanledger_collector.tokens import count
from spanledger_schema.span import Content, Counts, Facts, Message, Part
from tests.recorded import made

ANSWER = [Message("assistant", (Part("text", "Hello!"),))]


def said(text: str, role: str = "user") -> Message:
    return Message(role, (Part("text", text),))


def of(model: str = "gpt-4o", kind: Any = "llm", **content: Any) -> Estimate | None:
    """Return the estimate of a call of this model, by default one that said and heard Hello."""
    words: dict[str, Any] = {"input": [said("Hello, how are you?")], "output": ANSWER}
    return estimate(Facts(kind=kind, response_model=model), Content(**(words | content)))


def known(found: Estimate | None) -> Estimate:
    assert found is not None
    return found


# what OpenAI's API itself counted for a chat of one message
@pytest.mark.parametrize(
    ("role", "text", "gpt_4", "gpt_4o"),
    [
        ("system", "You are a bot.", 12, 12),
        ("user", "Hello, how are you?", 13, 13),
        ("user", "What happens in a performance review?", 14, 14),
        ("user", "á", 8, 8),
        (
            "system",
            "You are a helpful, pattern-following assistant that translates corporate jargon"
            " into plain English.",
            25,
            24,
        ),
    ],
)
def test_a_chat_of_one_message_is_as_long_as_openai_says(
    role: str, text: str, gpt_4: int, gpt_4o: int
):
    for model, tokens in (("gpt-4", gpt_4), ("gpt-4o", gpt_4o)):
        found = known(of(model, input=[said(text, role)]))
        assert found.counts.input_tokens == tokens


def test_every_further_message_adds_its_words_its_role_and_its_frame():
    one = known(of(input=[said("Hello, how are you?")])).counts.input_tokens
    two = known(of(input=[said("Hello, how are you?")] * 2)).counts.input_tokens
    assert (one, two) == (3 + (3 + 1 + 6), 3 + 2 * (3 + 1 + 6))


def test_an_estimate_says_that_it_is_one_and_how_it_was_made():
    assert of() == Estimate(
        Counts(input_tokens=13, output_tokens=2, source="estimated"), "tiktoken/o200k_base@1.0", 3
    )


def test_another_vendors_tokens_are_scaled_and_its_error_is_larger():
    assert of("claude-sonnet-4-5") == Estimate(
        Counts(input_tokens=3 + 3 + round(1.2 * 7), output_tokens=2, source="estimated"),
        "tiktoken/o200k_base@1.2",
        30,
    )


@pytest.mark.parametrize(
    ("models", "method"),
    [
        ("gpt-4o gpt-4.1-mini gpt-4.5-preview chatgpt-4o-latest o1 o3-mini o4-mini-2025-04-16"
         " gpt-5.6 gpt-oss-120b openai/gpt-4o-mini azure/o3 ft:gpt-4o:acme::1",
         ("o200k_base", "1.0", 3)),
        ("gpt-4 gpt-4-turbo gpt-4-0613 gpt-3.5-turbo gpt-35-turbo text-embedding-3-small"
         " text-embedding-ada-002 openai/gpt-4", ("cl100k_base", "1.0", 3)),
        ("claude-3-haiku-20240307 claude-3-5-sonnet-latest claude-sonnet-4-20250514 claude-opus-4-6"
         " claude-2.1 claude-instant-1.2 us.anthropic.claude-haiku-4-5-20251001-v1:0",
         ("o200k_base", "1.2", 30)),
        ("claude-opus-4-7 claude-opus-4.7 claude-sonnet-5 claude-fable-5 claude-opus-5-20260901"
         " anthropic/claude-opus-4.8", ("o200k_base", "1.55", 30)),
        ("gemini-2.5-flash models/gemini-3-pro gemma-3-27b", ("o200k_base", "1.0", 25)),
        ("llama-3.3-70b meta.llama3-1-8b-instruct-v1:0 qwen3-32b", ("o200k_base", "1.05", 25)),
        ("command-r my-own-model mistral-large-latest deepseek-chat foo1", ("o200k_base", "1.0", 40)),
    ],
)  # fmt: skip
def test_each_family_of_models_has_its_vocabulary_and_its_error(
    models: str, method: tuple[str, str, int]
):
    for model in models.split():
        found = family(model)
        assert (model, found.vocabulary, found.factor, found.error_pct) == (model, *method)


@pytest.mark.parametrize(
    "model",
    ["o1", "o3-mini", "gpt-5-mini", "gpt-oss-20b", "deepseek-reasoner", "gemini-2.5-pro", "grok-4",
     "claude-3-7-sonnet-thinking", "qwen3-8b"],
)  # fmt: skip
def test_what_a_model_may_have_thought_makes_its_estimate_a_lower_bound(model: str):
    assert known(of(model)).method.endswith("+lower_bound")


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-chat-latest", "claude-sonnet-4-5", "grok-3"])
def test_a_model_that_does_not_think_unasked_has_none(model: str):
    assert "lower_bound" not in known(of(model)).method


@pytest.mark.parametrize("media", ["image", "audio", "file"])
def test_media_are_not_estimated_and_make_a_lower_bound(media: Any):
    seen = Message("user", (Part("text", "Hello, how are you?"), Part(media, "https://x/y.png")))
    found = known(of(input=[seen]))
    assert (found.counts.input_tokens, found.method) == (13, "tiktoken/o200k_base@1.0+lower_bound")


def test_thoughts_that_are_shown_are_output_and_older_ones_are_no_input():
    thought = Message("assistant", (Part("reasoning", "hello world"), Part("text", "Hello!")))
    found = known(of(input=[said("Hello, how are you?"), thought], output=[thought]))
    assert found.counts.output_tokens == 2 + 2
    assert found.counts.input_tokens == 13 + 3 + 1 + 2
    assert found.method.endswith("+lower_bound")


def test_a_call_whose_sender_dropped_attributes_is_a_lower_bound():
    words = Content(input=[said("Hello!")], output=ANSWER)
    facts = Facts(kind="llm", response_model="gpt-4o")
    assert known(estimate(facts, words, complete=False)).method.endswith("+lower_bound")


def test_tool_calls_their_results_and_the_tools_on_offer_are_counted():
    asked = Message("assistant", (Part("tool_call", name="hello", data={"a": 1}),))
    came = Message("tool", (Part("tool_result", data={"b": 2}),))
    plain = known(of(output=[asked]))
    assert plain.counts.output_tokens == 1 + 5  # hello, {"a":1}
    more = known(of(input=[said("Hello, how are you?"), asked, came], tools=[{"name": "hello"}]))
    offered = count(['[{"name":"hello"}]'], "o200k_base").tokens
    assert more.counts.input_tokens == 13 + (3 + 1 + 6) + (3 + 1 + 5) + offered
    assert more.error_pct == 20


def test_an_embedding_is_its_texts_without_frame_or_output():
    found = known(of("text-embedding-3-small", "embedding", input=[said("hello world")] * 2))
    assert found == Estimate(
        Counts(input_tokens=4, source="estimated"), "tiktoken/cl100k_base@1.0", 3
    )


def test_an_overlong_call_is_extrapolated_and_marked():
    found = known(of(input=[said("hello world " * 100_000)]))
    assert found.method == "tiktoken/o200k_base@1.0+sampled"
    assert found.counts.input_tokens == pytest.approx(200_000, rel=0.01)


@pytest.mark.parametrize(
    "content",
    [
        {"input": []},
        {"output": []},
        {"output": [Message("assistant", finish_reason="stop")]},
        {"input": [said("__REDACTED__")]},
        {"output": [said("[Scrubbed due to 'secret']")]},
        {"input": [Message("user", (Part("image", "https://x/y.png"),))]},
    ],
)
def test_a_call_without_words_on_both_sides_is_not_estimated(content: dict[str, Any]):
    assert of(**content) is None


def test_an_embedding_of_token_ids_is_not_estimated():
    assert of("text-embedding-3-small", "embedding", input=[said("[[15339, 1917]]")]) is None
    assert of("text-embedding-3-small", "embedding", input=[said("1917")]) is not None


def test_a_call_of_an_unnamed_model_is_not_estimated():
    assert of("") is None


def test_only_calls_of_their_own_that_ended_well_are_estimated():
    ended = made("chat")
    running = made("chat")
    running.end_ns = 0
    assert is_wanted(ended, Facts(kind="llm", status="ok"))
    assert is_wanted(ended, Facts(kind="embedding", status="unset"))
    assert not is_wanted(running, Facts(kind="llm", status="ok"))
    for status in ("error", "waiting", "cancelled"):
        assert not is_wanted(ended, Facts(kind="llm", status=status))
    for other in ("rerank", "agent", "tool", "span"):
        assert not is_wanted(ended, Facts(kind=other, status="ok"))
    assert not is_wanted(ended, Facts(kind="llm", status="ok", usage_role="event"))


def test_dollars_that_the_sender_reported_are_better_than_an_estimate():
    paid = Facts(kind="llm", status="ok", reported_usd=Decimal("0.1"))
    assert not is_wanted(made("chat"), paid)


def test_projects_are_named_or_meant_all():
    assert covers("shop", ("shop", "bank"))
    assert covers("shop", ("*",))
    assert not covers("shop", ("bank",))
    assert not covers("shop", ())
