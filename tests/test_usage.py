from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_collector.usage import usage
from spanledger_schema.span import Counts, Scope, Usage

NOBODY = Scope("somebody's own code", "1.0")


def read(provider: str = "openai", scope: Scope = NOBODY, **counts: Any) -> Usage:
    return usage(Counts(**counts), provider=provider, scope=scope)


def meaning(found: Usage) -> tuple[int | None, int | None, str, str]:
    return (
        found.input_tokens,
        found.input_uncached_tokens,
        found.semantics,
        found.semantics_basis,
    )


def test_a_span_without_counts_used_nothing_that_we_know_of():
    assert usage(None, provider="openai", scope=NOBODY) == Usage()
    assert usage(Counts(), provider="openai", scope=NOBODY) == Usage()


def test_a_reported_zero_is_a_count():
    found = read(input_tokens=0, output_tokens=0)
    assert (found.state, found.input_tokens, found.output_tokens) == ("reported", 0, 0)


def test_zeros_of_a_library_that_sends_them_for_unknown_are_suspect():
    scope = Scope("opentelemetry.instrumentation.anthropic", "0.40.14")
    found = read("Anthropic", scope, input_tokens=0, output_tokens=0)
    assert (found.state, found.input_tokens) == ("zero_suspect", None)


def test_zeros_where_something_was_used_are_suspect():
    zeros = Counts(input_tokens=0, output_tokens=0)
    found = usage(zeros, provider="mistral", scope=NOBODY, doubtful=True)
    assert (found.state, found.input_tokens) == ("zero_suspect", None)


def test_the_same_zeros_of_a_later_version_are_counts():
    scope = Scope("opentelemetry.instrumentation.anthropic", "0.62.4")
    assert read("Anthropic", scope, input_tokens=0, output_tokens=0).state == "reported"


def test_without_a_cache_nothing_hangs_on_the_reading():
    found = read(input_tokens=10, output_tokens=5)
    assert meaning(found) == (10, 10, "", "")


def test_what_the_provider_itself_sent_is_read_by_its_own_rule():
    found = read(
        "anthropic",
        input_tokens=50_000,
        cache_read_tokens=10_000,
        includes_cache=False,
        basis="raw",
    )
    assert meaning(found) == (60_000, 50_000, "exclusive", "raw")


def test_a_raw_inclusive_input_smaller_than_its_cache_is_invalid():
    found = read(input_tokens=100, cache_read_tokens=101, includes_cache=True, basis="raw")
    assert found.state == "invalid"
    assert found.input_uncached_tokens == -1  # kept as it is, never clamped


def test_a_known_library_decides_before_the_numbers_do():
    openlit = Scope("openlit.instrumentation.anthropic")
    found = read("anthropic", openlit, input_tokens=900, output_tokens=9, cache_read_tokens=100)
    assert meaning(found) == (1000, 900, "exclusive", "scope")


def test_a_library_that_breaks_its_own_rule_is_read_by_the_bounds():
    scope = Scope("openinference.instrumentation.anthropic", "0.1.0")
    found = read("anthropic", scope, input_tokens=10, cache_read_tokens=100)
    assert meaning(found) == (110, 10, "exclusive", "bounds")


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (1100, (1000, 900, "inclusive", "total")),
        (1200, (1100, 1000, "exclusive", "total")),
        (1999, (1000, 900, "inclusive", "assumed")),
    ],
)
def test_a_total_decides_when_exactly_one_reading_adds_up_to_it(total: int, expected: Any):
    found = read(input_tokens=1000, output_tokens=100, cache_read_tokens=100, total_tokens=total)
    assert meaning(found) == expected


def test_more_cached_than_input_can_only_be_exclusive():
    found = read(input_tokens=10, cache_read_tokens=30_000, cache_write_tokens=4_000)
    assert meaning(found) == (34_010, 10, "exclusive", "bounds")


def test_as_much_cached_as_input_may_still_be_inclusive():
    assert meaning(read(input_tokens=10, cache_read_tokens=10)) == (10, 0, "inclusive", "assumed")


OLD = "https://opentelemetry.io/schemas/1.39.0"
NEW = "https://opentelemetry.io/schemas/1.40.0"


@pytest.mark.parametrize(
    ("provider", "schema_url", "legacy", "semantics"),
    [
        ("anthropic", OLD, False, "exclusive"),
        ("aws.bedrock", OLD, False, "exclusive"),
        ("anthropic", NEW, False, "inclusive"),
        ("anthropic", "", False, "inclusive"),
        ("anthropic", "", True, "exclusive"),
        ("openai", OLD, True, "inclusive"),
    ],
)
def test_an_unknown_emitter_is_guessed_by_its_conventions_and_its_api(
    provider: str, schema_url: str, legacy: bool, semantics: str
):
    found = read(
        provider,
        Scope("x", "1", schema_url),
        input_tokens=1000,
        output_tokens=1,
        cache_read_tokens=10,
        legacy_names=legacy,
    )
    assert (found.semantics, found.semantics_basis) == (semantics, "assumed")


def test_reasoning_that_exceeds_the_output_is_outside_it():
    assert read("x_ai", output_tokens=200, reasoning_tokens=900).output_tokens == 1100


def test_reasoning_is_inside_the_output_unless_something_says_otherwise():
    assert read(output_tokens=1000, reasoning_tokens=900).output_tokens == 1000


def test_a_total_tells_reasoning_beside_the_output():
    found = read(
        "gcp.gemini",
        input_tokens=1000,
        output_tokens=500,
        reasoning_tokens=300,
        total_tokens=1800,
    )
    assert found.output_tokens == 800


def test_the_total_decides_cache_and_reasoning_at_once():
    found = read(
        input_tokens=1000,
        output_tokens=500,
        cache_read_tokens=40,
        reasoning_tokens=300,
        total_tokens=1840,
    )
    assert meaning(found) == (1040, 1000, "exclusive", "total")
    assert found.output_tokens == 800


def test_reasoning_outside_by_the_rule_of_the_api():
    found = read(
        "gcp.gemini",
        input_tokens=1000,
        output_tokens=500,
        reasoning_tokens=300,
        includes_reasoning=False,
    )
    assert found.output_tokens == 800


def test_thoughts_that_show_in_the_total_alone_are_output():
    found = read("gcp.gemini", input_tokens=1000, output_tokens=100, total_tokens=1300)
    assert (found.output_tokens, found.source) == (300, "derived")


def test_another_providers_odd_total_is_not_taken_for_output():
    found = read("openai", input_tokens=1000, output_tokens=100, total_tokens=1300)
    assert (found.output_tokens, found.source) == (100, "provider")


def test_prompts_made_by_tools_come_on_top_of_the_input():
    found = read("gcp.gemini", input_tokens=1000, output_tokens=50, tool_prompt_tokens=400)
    assert found.input_tokens == 1400


def test_a_missing_side_is_taken_from_the_total():
    found = read(output_tokens=100, total_tokens=1300)
    assert (found.input_tokens, found.output_tokens, found.source) == (1200, 100, "derived")
    found = read(input_tokens=1200, total_tokens=1300)
    assert (found.input_tokens, found.output_tokens, found.source) == (1200, 100, "derived")


def test_an_embedding_whose_total_is_its_input_has_no_output():
    found = read(input_tokens=1500, total_tokens=1500)
    assert (found.input_tokens, found.output_tokens, found.source) == (1500, None, "provider")


def test_a_total_alone_says_nothing_about_its_sides():
    found = read(total_tokens=1500)
    assert (found.input_tokens, found.output_tokens, found.state) == (None, None, "reported")


def test_hour_long_writes_alone_are_all_the_writes():
    found = read("anthropic", input_tokens=5, cache_write_1h_tokens=70, includes_cache=False)
    assert (found.cache_write_tokens, found.input_tokens) == (70, 75)


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": -1, "output_tokens": 1},
        {"input_tokens": 2**53 + 1},
        {"input_tokens": 10, "input_audio_tokens": 11},
        {"input_tokens": 10, "input_image_tokens": 11},
        {"input_tokens": 10, "cache_read_tokens": 6, "input_audio_tokens": 5},
        {"input_tokens": 10, "cache_read_tokens": 3, "cache_read_audio_tokens": 4},
        {"input_tokens": 10, "cache_write_tokens": 3, "cache_write_1h_tokens": 4},
        {"input_tokens": 10, "output_tokens": 5, "output_audio_tokens": 6},
        {"output_tokens": 5, "output_image_tokens": 3, "output_audio_tokens": 3},
        {"output_tokens": 5, "reasoning_tokens": 6, "includes_reasoning": True},
        {"input_tokens": 10, "invalid": ("gen_ai.usage.output_tokens",)},
        {"output_tokens": 10, "total_tokens": 9},
    ],
)
def test_impossible_counts_are_invalid(counts: dict[str, Any]):
    assert read(**counts).state == "invalid"


def test_the_longest_count_a_double_can_hold_is_valid():
    assert read(input_tokens=2**53).state == "reported"


def test_audio_that_was_cached_is_subtracted_once():
    found = read(
        input_tokens=1000,
        cache_read_tokens=400,
        input_audio_tokens=900,
        cache_read_audio_tokens=300,
    )
    assert found.state == "reported"


def test_estimated_counts_stay_estimated():
    assert read(input_tokens=8, source="estimated").source == "estimated"


NUMBER = st.integers(0, 10**12)


@given(fresh=NUMBER, read_=NUMBER, write=NUMBER, output=NUMBER, reasoning=NUMBER)
def test_twins_of_one_call_have_one_meaning(
    fresh: int, read_: int, write: int, output: int, reasoning: int
):
    parts: dict[str, Any] = {
        "cache_read_tokens": read_,
        "cache_write_tokens": write,
        "reasoning_tokens": reasoning,
        "basis": "raw",
    }
    exclusive = read(
        input_tokens=fresh,
        output_tokens=output,
        includes_cache=False,
        includes_reasoning=False,
        **parts,
    )
    inclusive = read(
        input_tokens=fresh + read_ + write,
        output_tokens=output + reasoning,
        includes_cache=True,
        includes_reasoning=True,
        **parts,
    )
    assert exclusive.state == inclusive.state == "reported"
    assert exclusive.input_uncached_tokens == inclusive.input_uncached_tokens == fresh
    assert exclusive.output_tokens == inclusive.output_tokens == output + reasoning


COUNT = st.none() | st.integers(-1, 50)


@given(
    st.builds(
        Counts,
        input_tokens=COUNT,
        output_tokens=COUNT,
        total_tokens=COUNT,
        cache_read_tokens=COUNT,
        cache_write_tokens=COUNT,
        cache_write_1h_tokens=COUNT,
        reasoning_tokens=COUNT,
        tool_prompt_tokens=COUNT,
        input_audio_tokens=COUNT,
        cache_read_audio_tokens=COUNT,
        output_audio_tokens=COUNT,
        includes_cache=st.none() | st.booleans(),
        includes_reasoning=st.none() | st.booleans(),
    ),
    st.sampled_from(["openai", "anthropic", "x_ai"]),
)
def test_no_valid_usage_has_a_negative_remainder(counts: Counts, provider: str):
    found = usage(counts, provider=provider, scope=NOBODY)
    if found.state != "reported":
        return
    parts = (found.cache_read_tokens or 0) + (found.cache_write_tokens or 0)
    assert (found.input_tokens or 0) >= parts + (found.tool_prompt_tokens or 0)
    assert (found.output_tokens or 0) >= (found.reasoning_tokens or 0)
