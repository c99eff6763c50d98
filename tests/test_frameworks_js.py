"""Agents written in JavaScript, as real libraries recorded them."""

from tests.test_frameworks import every_meter, tools, traces


def whose(name: str) -> list[tuple[str | None, str | None]]:
    """Return session and user of each trace of a recording."""
    return [(t["session_id"], t["user_id"]) for t in traces(name)]


def test_whose_a_run_is_stands_in_the_context_that_it_lets_its_telemetry_see():
    assert whose("vercel-ai-7") == [
        ("s-1", "u-1"), ("s-2", "u-2"), ("s-1", None), ("s-1", None), ("s-3", None),
    ]  # fmt: skip
    assert traces("vercel-ai-7")[0]["tags"] == ["a"]


def test_what_the_conventions_have_no_name_for_is_read_from_beside_them():
    run, stream, *_ = traces("vercel-ai-7")
    assert [call["reasoning_tokens"] for call in run["llm_calls"]] == [548, 551, 554]
    assert [(c["streaming"], c["ttft_ms"]) for c in stream["llm_calls"]] == [(True, 77.522033)]
    assert every_meter(stream) == [(8253, 2159, 547, 2397)]


def test_a_tool_of_a_run_that_speaks_the_conventions_fails_and_works():
    assert tools(traces("vercel-ai-7")[0]) == [
        ("lookup", {"id": "B-0"}, None, True),
        ("lookup", {"id": "B-1"}, {"id": "B-1", "price": 9.5}, False),
    ]


def test_a_run_told_in_two_vocabularies_below_one_span_counts_once():
    assert every_meter(traces("vercel-ai-7")[-1]) == [(8364, 2192, None, 2436)]
