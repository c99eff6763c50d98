"""Dialects merged into one answer, and what holds whatever the dialect."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_collector import normalise
from spanledger_collector.reconcile import Hint
from spanledger_schema.span import Counts, Event, Facts, Record, Scope, Span
from tests.recorded import DATA, NOON_NS, made, one, raised, spans

CAPTURES = sorted(p.stem for p in DATA.glob("*.pb") if not p.stem.endswith(".logs"))


def spoken(span: Span) -> list[str]:
    return [d.name for d in normalise.spoken(span)]


# -- which dialects a span speaks


def test_a_span_may_speak_several_dialects():
    assert spoken(one("traceloop-sdk__async-agent-tools", "ab639c")) == ["openllmetry", "genai"]


def test_a_span_that_speaks_none_is_a_plain_span():
    span = made("handle", "app", attributes={"anything": 1})
    assert spoken(span) == []
    assert normalise.facts(span) == Facts(kind="span", status="ok")


def test_which_dialects_are_spoken_is_remembered_within_bounds():
    for number in range(5000):
        normalise.facts(made("x", attributes={f"key.{number}": 1}))
    info = normalise.vocabulary.cache_info()
    assert info.currsize <= (info.maxsize or 0) <= 10_000


def test_every_dialect_is_in_the_table_once():
    names = [d.name for d in normalise.DIALECTS]
    assert len(names) == len(set(names))
    assert names[-1] == "genai"


# -- merging


def test_of_two_dialects_the_upper_one_is_believed_and_the_lower_fills_gaps():
    upper = Facts(kind="tool", tool="a", dialect="upper", flags=("x",))
    lower = Facts(kind="llm", agent="b", tags=("t",), dialect="lower", flags=("x", "y"))
    assert normalise.merge(upper, lower) == Facts(
        kind="tool", tool="a", agent="b", tags=("t",), dialect="upper", flags=("x", "y")
    )


@pytest.mark.parametrize("ranks", [(0, 9), (9, 0)])
def test_the_session_of_the_better_rank_wins_whichever_dialect_names_it(ranks: tuple[int, int]):
    upper, lower = (Facts(session_id=f"s{rank}", session_rank=rank) for rank in ranks)
    assert normalise.merge(upper, lower).session_id == "s0"


def test_counts_of_two_dialects_fill_each_others_gaps():
    found = normalise.merged_counts(
        Counts(cache_write_1h_tokens=5), Counts(input_tokens=10, legacy_names=True)
    )
    assert found == Counts(input_tokens=10, cache_write_1h_tokens=5, legacy_names=True)


def test_a_providers_own_usage_object_is_not_mixed_with_others():
    raw = Counts(input_tokens=10, basis="raw", includes_cache=False)
    assert normalise.merged_counts(raw, Counts(input_tokens=12, cache_read_tokens=2)) == raw


# -- what holds for all


def test_a_library_that_guessed_the_usage_said_nothing():
    estimated = Facts(kind="llm", counts=Counts(input_tokens=8, source="estimated"))
    found = normalise.finish(made("x"), estimated, normalise.vocabulary((), ""))
    assert (found.counts, found.flags) == (None, ("usage_estimated",))


@pytest.mark.parametrize(
    ("told", "model", "provider"),
    [
        ("OpenAI", "gpt-4o", "openai"),
        ("openai.responses", "gpt-4o", "openai"),
        ("langchain", "claude-sonnet-4-5", "anthropic"),
        ("strands-agents", "gemini-2.5-pro", "google"),
        ("langgraph", "my-own-model", None),
    ],
)
def test_a_framework_is_no_provider(told: str, model: str, provider: str | None):
    given = {"gen_ai.provider.name": told, "gen_ai.request.model": model}
    assert normalise.facts(made("chat", attributes=given)).provider == provider


def test_a_tool_that_a_model_asked_for_is_not_one_that_ran():
    given = {"gen_ai.operation.name": "chat", "gen_ai.tool.name": "f", "gen_ai.tool.call.id": "c"}
    facts = normalise.facts(made("chat", attributes=given))
    assert (facts.kind, facts.tool, facts.tool_call_id) == ("llm", None, None)


def test_a_scrubbed_session_is_no_session():
    given = {"session.id": "[Scrubbed due to 'session']"}
    facts = normalise.facts(made("x", attributes=given))
    assert (facts.session_id, facts.session_rank) == (None, 99)


def test_a_span_of_the_application_names_session_and_user_too():
    facts = normalise.facts(made("x", attributes={"session.id": "s", "enduser.id": "u"}))
    assert (facts.session_id, facts.session_rank, facts.user_id) == ("s", 0, "u")


@pytest.mark.parametrize("name", ["http.request.method", "http.method"])
def test_a_request_below_a_call_is_transport(name: str):
    assert normalise.facts(made("POST", attributes={name: "POST"})).kind == "http"


# -- how a span ended


def test_an_error_is_told_in_the_words_of_its_exception():
    span = made("x", error="failed", events=[raised("app.errors.TooMuch", "over the limit")])
    facts = normalise.facts(span)
    assert (facts.status, facts.error_type, facts.error_message) == (
        "error", "TooMuch", "over the limit",
    )  # fmt: skip


def test_of_two_exceptions_the_last_one_counts():
    events = [raised("First", "1"), raised("Last", "2")]
    assert normalise.facts(made("x", error="e", events=events)).error_type == "Last"


def test_an_exception_that_was_got_over_is_no_error():
    facts = normalise.facts(made("x", events=[raised("ValueError", "tried again")]))
    assert (facts.status, facts.error_type, facts.error_message) == ("ok", None, None)


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ("RateLimitError: slow down", "RateLimitError", "RateLimitError: slow down"),
        ("ConnectionError('no ledger')Traceback …", "ConnectionError", "no ledger"),
        ("Error code: 429 - slow down", "429", "Error code: 429 - slow down"),
        ("something broke", None, "something broke"),
    ],
)
def test_a_status_message_tells_type_and_words(message: str, kind: str | None, text: str):
    facts = normalise.facts(made("x", error=message))
    assert (facts.error_type, facts.error_message) == (kind, text)


def test_an_error_type_makes_an_error_of_a_span_without_status():
    span = Span(b"t" * 16, b"s" * 8, b"", "x", 1, 2, attributes={"error.type": "timeout"})
    facts = normalise.facts(span)
    assert (facts.status, facts.error_type) == ("error", "timeout")


def test_a_cancelled_task_is_not_a_failed_one():
    span = made("x", error="e", events=[raised("asyncio.exceptions.CancelledError", "")])
    assert normalise.facts(span).status == "cancelled"


def test_an_interrupt_waits_for_the_answer_to_its_question():
    told = raised("langgraph.errors.GraphInterrupt", "(Interrupt(value='Refund 84.50?', id='1'),)")
    facts = normalise.facts(made("x", error="e", events=[told]))
    assert (facts.status, facts.reason, facts.error_type) == ("waiting", "Refund 84.50?", None)


# -- log records


def test_a_log_record_may_know_the_user_that_no_span_names():
    record = Record(
        b"t" * 16, b"s" * 8, 1, attributes={"user.id": "u", "gen_ai.conversation.id": "c"}
    )
    assert normalise.hint(record) == Hint(b"s" * 8, "c", 9, "u")
    assert normalise.hint(Record(b"t" * 16, b"s" * 8, 1)) is None


# -- whatever is sent


NAMES = sorted(
    {name for capture in CAPTURES for span in spans(capture) for name in span.attributes}
)
SCOPES = sorted({span.scope.name for capture in CAPTURES for span in spans(capture)})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.sampled_from(["{", "[", '{"a":1}', "[[1]]", "None", "{'a': 1}", "nan", "1e9", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)  # fmt: skip


@st.composite
def garbage(draw: st.DrawFn) -> Span:
    """Return a span with real attribute names and anything at all in them."""
    size = draw(st.integers(0, 12))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=size, max_size=size))
    attributes = {name: draw(VALUES) for name in names}
    event = Event(draw(st.sampled_from(["exception", "gen_ai.choice", "x"])), NOON_NS, attributes)
    span = made(draw(st.sampled_from(["chat x", "a.tool", "→", ""])), attributes=attributes)
    span.scope = Scope(draw(st.sampled_from(SCOPES)))
    span.events = draw(st.sampled_from([(), (event,)]))
    span.status_code = draw(st.integers(0, 2))
    return span


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10**12


@settings(max_examples=300)
@given(span=garbage())
def test_no_attribute_whatsoever_raises_or_becomes_a_number_that_is_none(span: Span):
    facts = normalise.facts(span)
    content = normalise.content(span, [Event("x", 1, span.attributes, dict(span.attributes))])
    for name in normalise.GAPS[:15]:
        value = getattr(facts.counts, name) if facts.counts else None
        assert value is None or is_count(value), name
    for name in ("session_id", "user_id", "tool", "agent", "request_model", "preview", "reason"):
        value = getattr(facts, name)
        assert value is None or isinstance(value, str), name
    assert all(isinstance(m.role, str) for m in (*content.input, *content.output))


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_count_that_is_spoilt_is_named(capture: str):
    for span in spans(capture):
        before = normalise.facts(span).counts
        for name in span.attributes:
            if before is None or not name.endswith("usage.input_tokens"):
                continue
            span_spoilt = made(span.name, attributes={**span.attributes, name: "many"})
            span_spoilt.scope = span.scope
            counts = normalise.facts(span_spoilt).counts
            assert counts is None or counts.input_tokens is None or counts.basis == "raw" or (
                counts.input_tokens == before.input_tokens
            )  # fmt: skip
