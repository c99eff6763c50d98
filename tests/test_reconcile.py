"""Which spans of a trace are billed, and whose trace it is: by structure, in any order."""

from collections.abc import Sequence
from math import prod
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_collector.reconcile import Fact, Hint, verdict
from spanledger_collector.totals import trace_row
from tests.facts import NOON_NS, SECOND_NS, call, span


def billed(*facts: Fact) -> list[int]:
    return [int.from_bytes(span_id) for span_id in verdict(facts).billed]


def not_billed(*facts: Fact) -> dict[int, str]:
    return {int.from_bytes(s): reason for s, reason in verdict(facts).not_billed.items()}


def during(number: int, start_s: float, end_s: float, parent: int | None = 1, **known: Any) -> Fact:
    """Return a call that runs from `start_s` to `end_s` after noon."""
    times: dict[str, Any] = {
        "start_ns": NOON_NS + int(start_s * SECOND_NS),
        "end_ns": NOON_NS + int(end_s * SECOND_NS),
    }
    return call(number, parent, **times, **known)


# -- calls that several spans describe


def test_two_calls_are_paid_for_twice_even_when_they_used_the_same():
    assert billed(span(1), call(2, 1), call(3, 1)) == [2, 3]


def test_an_agents_usage_is_what_its_calls_add_up_to():
    agent = call(1, kind="agent", input_tokens=200, output_tokens=20)
    assert not_billed(agent, call(2, 1), call(3, 1)) == {1: "rollup"}


def test_an_agents_usage_is_a_rollup_also_where_another_librarys_account_of_its_call_is_billed():
    run, told = call(1, 9, kind="agent", scope="a"), during(2, 1, 2, parent=1, scope="a")
    other = during(4, 1, 2, parent=3, scope="b", response_id="r", reasoning_tokens=3)
    told.response_id = "r"
    facts = (span(9), run, told, span(3, 9), other)
    assert billed(*facts) == [4]
    assert not_billed(*facts) == {1: "rollup", 2: "duplicate"}


def test_usage_that_only_an_agent_reports_is_billed_on_it():
    assert billed(call(1, kind="agent"), span(2, 1, kind="tool", tool="t")) == [1]


def test_of_nested_agents_without_calls_the_innermost_is_billed():
    outer, inner = call(1, kind="agent"), call(2, 1, kind="agent")
    assert billed(outer, inner) == [2]
    assert not_billed(outer, inner) == {1: "rollup"}


def test_an_agents_usage_is_no_rollup_of_calls_that_report_none():
    silent = call(2, 1, usage_state="absent", input_tokens=None, output_tokens=None)
    assert billed(call(1, kind="agent"), silent) == [1, 2]


def guess(number: int, parent: int | None = None, **known: Any) -> Fact:
    """Return a call that reported no usage and was estimated."""
    return call(number, parent, usage_source="estimated", cost_source="estimated", **known)


def test_an_estimate_below_an_agent_that_reports_what_it_used_is_left_out():
    agent = call(1, kind="agent", input_tokens=7, output_tokens=1)
    assert billed(agent, guess(2, 1), guess(3, 1)) == [1]
    assert not_billed(agent, guess(2, 1), guess(3, 1)) == {2: "covered", 3: "covered"}


def test_an_estimate_beside_a_call_that_reports_its_usage_is_billed():
    agent = call(1, kind="agent", input_tokens=100, output_tokens=10)
    assert billed(agent, call(2, 1), guess(3, 1)) == [2, 3]
    assert not_billed(agent, call(2, 1), guess(3, 1)) == {1: "rollup"}


def test_an_estimate_yields_to_the_report_of_the_same_call_however_far_apart_they_are():
    around = during(2, 0, 3, usage_source="estimated", input_tokens=999)
    for scope, parent in (("sdk", 2), ("other", 1)):
        inside = during(3, 1, 2, parent=parent, scope=scope)
        assert (billed(span(1), around, inside), not_billed(span(1), around, inside)) == (
            [3], {2: "duplicate"},
        )  # fmt: skip


def test_an_estimate_stands_for_a_call_of_which_no_span_reports_usage():
    silent = during(3, 1, 2, parent=2, usage_state="absent", usage_source="none", input_tokens=None,
                    output_tokens=None)  # fmt: skip
    assert billed(span(1), during(2, 0, 3, usage_source="estimated"), silent) == [2]


def test_a_marker_stands_for_its_call_that_was_only_estimated():
    marker = span(3, kind="event", usage_role="event", input_tokens=7, output_tokens=1,
                  usage_state="reported", response_model="gpt-4o")  # fmt: skip
    assert billed(guess(2), marker) == [3]


def test_usage_of_a_whole_life_is_never_billed():
    life = call(1, kind="agent", usage_role="aggregate")
    assert billed(life) == []
    assert not_billed(life) == {1: "aggregate"}


def test_the_client_inside_a_frameworks_call_is_the_same_call():
    outer, inner = during(2, 0, 3), during(3, 1, 2, parent=2, scope="sdk")
    assert billed(span(1), outer, inner) == [3]
    assert verdict([span(1), outer, inner]).same_as == {outer.span_id: inner.span_id}


def test_the_framework_is_billed_where_its_client_saw_no_usage():
    inner = during(3, 1, 2, parent=2, usage_state="absent", input_tokens=None, output_tokens=None)
    assert billed(span(1), during(2, 0, 3), inner) == [2]


def test_a_call_that_a_tool_makes_inside_another_call_is_a_call_of_its_own():
    tool = span(3, 2, kind="tool", tool="ask")
    assert billed(span(1), during(2, 0, 9), tool, during(4, 4, 5, parent=3)) == [2, 4]


def test_a_call_of_another_model_inside_a_call_is_a_call_of_its_own():
    inner = during(3, 1, 2, parent=2, response_model="gpt-4o-mini")
    assert billed(span(1), during(2, 0, 3), inner) == [2, 3]


def test_a_dated_model_is_the_model_that_was_asked_for():
    outer = during(2, 0, 3, response_model="", request_model="openai/gpt-4o")
    inner = during(3, 1, 2, parent=2, response_model="gpt-4o-2024-08-06")
    assert billed(span(1), outer, inner) == [3]


def test_a_call_around_several_attempts_is_their_sum():
    attempts = [during(3, 0, 1, parent=2, status="error"), during(4, 1, 2, parent=2)]
    assert billed(span(1), during(2, 0, 3), *attempts) == [3, 4]
    assert not_billed(span(1), during(2, 0, 3), *attempts) == {2: "rollup"}


def test_two_spans_with_one_response_id_are_one_call_wherever_they_are():
    one = during(2, 0, 2, response_id="r1", cache_read_tokens=5)
    other = during(4, 0.5, 1.5, parent=3, response_id="r1", scope="sdk")
    assert billed(span(1), span(3, 1), one, other) == [2]


def test_a_made_up_response_id_that_repeats_does_not_swallow_later_calls():
    one, other = during(2, 0, 1, response_id="x"), during(3, 5, 6, response_id="x", input_tokens=7)
    assert billed(span(1), one, other) == [2, 3]


def test_an_answer_that_was_fetched_again_is_paid_for_once():
    one, again = during(2, 0, 1, response_id="x"), during(3, 5, 6, response_id="x")
    assert billed(span(1), one, again) == [2]


def test_siblings_of_two_libraries_within_one_another_are_one_call():
    failed: dict[str, Any] = {
        "status": "error",
        "usage_state": "absent",
        "input_tokens": None,
        "output_tokens": None,
    }
    outer = during(2, 0, 3, scope="instrumentor", **failed)
    assert billed(span(1), outer, during(3, 1, 2, scope="sdk", **failed)) == [2]


def test_parallel_siblings_of_one_library_stay_apart():
    facts = [span(1), during(2, 0, 3, scope="a"), during(3, 1, 2, scope="a")]
    assert billed(*facts) == [2, 3]


def test_parallel_calls_seen_by_two_libraries_pair_up_one_to_one():
    seen = [during(2, 0, 4, scope="a"), during(3, 0.1, 4.1, scope="a")]
    again = [during(4, 0.2, 3.8, scope="b"), during(5, 0.3, 3.9, scope="b")]
    assert len(billed(span(1), *seen, *again)) == 2


def test_many_parallel_calls_of_two_libraries_do_not_melt_into_one():
    facts = [during(n, n / 100, 90, scope="ab"[n % 2]) for n in range(2, 42)]
    assert len(billed(span(1), *facts)) == 20


UNTOLD: dict[str, Any] = {"usage_state": "absent", "input_tokens": None, "output_tokens": None}


def test_a_stream_handed_on_is_the_call_that_its_client_makes_when_it_is_read():
    handed_on = during(2, 0, 1, scope="framework")
    assert billed(span(1), handed_on, during(3, 1.5, 3, scope="sdk", response_id="r")) == [3]
    assert not_billed(span(1), handed_on, during(3, 1.5, 3, scope="sdk")) == {3: "duplicate"}


@pytest.mark.parametrize(
    "of_client",
    [
        {"scope": "framework"},
        {"input_tokens": 101},
        {"response_model": "gpt-4.1"},
        {"response_model": ""},
        {"kind": "embedding"},
        {"status": "error"},
        {"parent": 9},
    ],
    ids=["same library", "other usage", "other model", "no model", "other kind", "failed", "elsewhere"],
)  # fmt: skip
def test_a_later_call_that_cannot_be_the_stream_is_paid_for_too(of_client: dict[str, Any]):
    client = during(3, 1.5, 3, **({"scope": "sdk"} | of_client))
    assert billed(span(1), during(2, 0, 1, scope="framework"), client) == [2, 3]


def test_a_client_that_saw_one_of_two_calls_may_be_about_a_third():
    seen = [during(2, 0, 1, scope="framework"), during(3, 1, 2, scope="framework")]
    assert billed(span(1), *seen, during(4, 3, 4, scope="sdk")) == [2, 3, 4]


def test_a_call_with_its_clients_inside_is_not_the_next_one_too():
    first = [during(2, 0, 2, scope="framework"), during(3, 1, 2, parent=2, scope="sdk")]
    assert billed(span(1), *first, during(4, 3, 4, scope="sdk")) == [3, 4]


@st.composite
def streams(draw: st.DrawFn) -> tuple[int, list[Fact]]:
    """Draw streams that a framework handed on and its client read, one by one or side by side."""
    number, facts = draw(st.integers(1, 6)), [span(1)]
    told, asked = draw(st.booleans()), draw(st.booleans())
    for n in range(number):
        begun, lasted, waited, read = (draw(st.integers(0 if i < 3 else 1, 9)) for i in range(4))
        usage = {"input_tokens": 100 + n} if asked else UNTOLD
        taken_s = begun + lasted + waited
        facts += [
            during(10 + n, begun, begun + lasted, scope="framework", **(usage if told else UNTOLD)),
            during(
                30 + n, taken_s, taken_s + read, scope="sdk",
                response_id=draw(st.sampled_from(("", f"r{n}"))), **usage,
            ),
        ]  # fmt: skip
    return number, facts


@settings(max_examples=100)
@given(drawn=streams())
def test_each_stream_that_was_handed_on_is_paid_for_once(drawn: tuple[int, list[Fact]]):
    number, facts = drawn
    assert len(billed(*facts)) == number


@settings(max_examples=50)
@given(drawn=streams(), scope=st.sampled_from(("framework", "sdk")))
def test_no_call_of_one_library_is_another_of_its_calls(drawn: tuple[int, list[Fact]], scope: str):
    number, facts = drawn
    alone = [f for f in facts if f.scope in ("", scope)]
    assert len(billed(*alone)) == number


def test_of_two_spans_of_one_call_the_one_that_knows_more_meters_is_billed():
    plain = during(2, 0, 3, response_id="r")
    rich = during(3, 1, 2, response_id="r", scope="sdk", cache_read_tokens=3, reasoning_tokens=0)
    assert billed(span(1), plain, rich) == [3]


# -- markers beside a call


def test_a_marker_that_repeats_a_calls_usage_is_not_billed():
    marker = during(3, 1, 1, kind="event")
    assert billed(span(1), during(2, 0, 1), marker) == [2]
    assert not_billed(span(1), during(2, 0, 1), marker) == {3: "event"}


def test_a_marker_at_the_moment_its_call_starts_is_still_the_calls():
    marker = during(2, 0, 0, kind="event")
    assert billed(span(1), marker, during(3, 0, 1)) == [3]


def test_a_marker_stands_for_its_call_where_only_the_marker_knows_the_usage():
    silent = during(2, 0, 1, usage_state="absent", input_tokens=None, output_tokens=None)
    marker = during(3, 2, 2, kind="event")
    found = verdict([span(1), silent, marker])
    assert list(found.billed) == [marker.span_id]
    assert found.same_as == {silent.span_id: marker.span_id}


def test_each_marker_belongs_to_a_call_of_its_own():
    silent: dict[str, Any] = {"usage_state": "absent", "input_tokens": None, "output_tokens": None}
    facts = [
        span(1), during(2, 0, 1, **silent), during(3, 1, 1, kind="event"),
        during(4, 2, 3, **silent), during(5, 3, 3, kind="event", input_tokens=7),
    ]  # fmt: skip
    assert billed(*facts) == [3, 5]


def test_a_marker_without_a_call_is_billed():
    assert billed(span(1), during(3, 1, 1, kind="event")) == [3]


# -- records of usage


TASK = span(2, 1, kind="tool", tool="ask")
OF_TASK: dict[str, Any] = {"usage_role": "record", "input_tokens": 200, "output_tokens": 20}


def test_a_record_of_a_step_is_a_rollup_of_the_calls_below_that_step():
    record = call(5, 1, **OF_TASK)
    assert billed(span(1), TASK, call(3, 2), call(4, 2), record) == [3, 4]
    assert not_billed(span(1), TASK, call(3, 2), call(4, 2), record) == {5: "rollup"}


def test_a_record_of_a_step_whose_calls_have_no_spans_is_billed():
    assert billed(span(1), TASK, call(5, 1, **OF_TASK)) == [5]
    assert billed(span(1), TASK, call(3, 2), call(5, 1, **OF_TASK)) == [3, 5]


def test_two_records_of_one_step_are_two_steps_of_which_one_has_no_spans():
    records = [call(5, 1, **OF_TASK), call(6, 1, **OF_TASK)]
    assert billed(span(1), TASK, call(3, 2), call(4, 2), *records) == [3, 4, 6]


def test_a_record_sums_up_what_is_recorded_of_the_steps_inside_its_own():
    inner = span(3, 2, kind="tool", tool="ask another")
    told = [call(4, 3), call(5, 2, usage_role="record"), call(6, 2)]
    assert billed(span(1), TASK, inner, *told, call(7, 1, **OF_TASK)) == [4, 6]


def test_a_record_begun_before_a_step_speaks_of_another():
    assert billed(span(1), call(2, 1, **OF_TASK), span(3, 1, kind="tool"), call(4, 3), call(5, 3)) == [
        2, 4, 5,
    ]  # fmt: skip


# -- tools


def test_a_transport_below_a_tool_call_is_the_same_tool_call():
    outer, inner = span(1, kind="tool", tool="count"), span(2, 1, kind="tool", tool="count")
    assert not_billed(outer, inner) == {2: "duplicate"}


def test_a_tool_that_calls_another_tool_is_counted_beside_it():
    outer, inner = span(1, kind="tool", tool="a"), span(2, 1, kind="tool", tool="b")
    assert not_billed(outer, inner) == {}


# -- whose trace it is


def test_an_applications_session_beats_one_that_a_library_made_up():
    made_up = span(1, session_id="made-up", session_rank=9)
    assert verdict([made_up, span(2, 1, session_id="mine", session_rank=0)]).session_id == "mine"


def test_of_sessions_of_one_rank_the_one_nearest_to_the_root_counts():
    facts = [span(1), span(5, 1, session_id="near", session_rank=0)]
    deep = span(3, 2, session_id="deep", session_rank=0)
    assert verdict([*facts, span(2, 1), deep]).session_id == "near"


def test_a_log_record_names_the_user_that_no_span_names():
    hint = Hint((2).to_bytes(8), session_id="s", session_rank=9, user_id="u")
    found = verdict([span(1), span(2, 1)], [hint])
    assert (found.session_id, found.user_id) == ("s", "u")
    assert verdict([span(1, user_id="told")], [hint]).user_id == "told"


def test_a_call_works_for_the_agent_around_it_and_not_for_a_placeholder():
    facts = [span(1, kind="agent", agent="Lead"), span(2, 1), call(3, 2, agent="OpenAI Agent")]
    assert verdict(facts).agents[facts[2].span_id] == "Lead"


def test_a_call_outside_every_agent_works_for_the_one_it_names():
    alone = call(1, agent="gardener")
    assert verdict([alone]).agents == {alone.span_id: "gardener"}


# -- how a trace stands


def test_an_error_that_was_got_over_is_no_error_of_the_trace():
    assert verdict([span(1, status="ok"), span(2, 1, status="error")]).status == "ok"


def test_without_its_root_the_last_of_the_topmost_spans_speaks_for_a_trace():
    orphans = [span(2, 99, status="error"), span(3, 99, status="ok")]
    assert verdict(orphans).status == "ok"
    assert verdict(orphans[:1]).status == "error"


def test_a_trace_with_an_open_span_is_running():
    assert verdict([span(1, end_ns=None)]).status == "running"


def test_an_interrupted_node_waits_until_it_runs_again():
    asked = span(2, 1, kind="node", node="ask", node_run="ask:1", status="waiting")
    again = span(5, 1, kind="node", node="ask", node_run="ask:1", status="ok")
    assert verdict([span(1), asked]).status == "waiting"
    assert verdict([span(1), asked, again]).status == "ok"


def test_a_graph_that_went_on_is_not_waiting():
    empty = span(2, 1, kind="node", node="a", node_run="a:1", status="waiting")
    later = span(5, 1, kind="node", node="b", node_run="b:1")
    assert verdict([span(1), empty, later]).status == "ok"


def test_an_open_wait_is_waited_for_and_measured_once_it_is_over():
    wait = {"kind": "wait", "name": "waiting for the bank", "start_ns": NOON_NS}
    told = verdict([span(1, end_ns=None), span(2, 1, **wait, end_ns=None, status="waiting")])
    assert (told.status, told.waiting_ns) == ("waiting", 0)
    told = verdict([span(1), span(2, 1, **wait, end_ns=NOON_NS + 5)])
    assert (told.status, told.waiting_ns) == ("ok", 5)


@pytest.mark.parametrize("tool", ["refund", ""])
def test_a_pending_decision_is_waited_for_until_the_same_is_decided(tool: str):
    asked = {"kind": "decision", "tool": tool, "start_ns": NOON_NS, "end_ns": NOON_NS}
    later = asked | {"start_ns": NOON_NS + 7, "end_ns": NOON_NS + 7}
    pending = span(2, 1, name="pending refund", status="waiting", **asked)
    other = span(3, 1, name="approved parcel", **later | {"tool": tool and "parcel"})
    approved = span(4, 1, name="approved refund", **later)
    assert verdict([span(1), pending, other]).status == "waiting"
    told = verdict([span(1), pending, other, approved])
    assert (told.status, told.waiting_ns) == ("ok", 7)


def test_two_approvals_at_once_are_waited_for_once():
    times = [
        {"start_ns": NOON_NS, "end_ns": NOON_NS + 4},
        {"start_ns": NOON_NS + 2, "end_ns": NOON_NS + 6},
    ]
    facts = [span(n, kind="decision", **t) for n, t in zip((1, 2), times, strict=True)]
    assert verdict(facts).waiting_ns == 6


# -- whatever arrives


def test_a_span_sent_twice_counts_once_and_its_later_version_is_believed():
    pending, ended = call(2, 1, ver=1, end_ns=None), call(2, 1, ver=2, input_tokens=7)
    found = verdict([span(1), ended, pending, ended])
    assert list(found.billed) == [ended.span_id]
    assert found.status == "ok"


def test_parents_that_never_come_and_cycles_are_survived():
    assert billed(call(1, 2), call(2, 1, kind="agent"), call(3, 99), call(4, 4)) == [1, 3, 4]


def test_nothing_at_all_is_an_empty_trace():
    assert verdict([]).billed == []


KINDS = (
    "llm",
    "agent",
    "tool",
    "span",
    "event",
    "node",
    "workflow",
    "embedding",
    "decision",
    "wait",
)


def one_of_each(draw: st.DrawFn, **choices: Sequence[Any]) -> dict[str, Any]:
    """Return a value of each choice, drawn as one number: a draw costs the same, whatever it chooses."""
    number, found = draw(st.integers(0, prod(map(len, choices.values())) - 1)), {}
    for name, values in choices.items():
        number, place = divmod(number, len(values))
        found[name] = values[place]
    return found


@st.composite
def traces(draw: st.DrawFn) -> list[Fact]:
    """Return a trace of up to twelve spans of all kinds, with any parents."""
    size = draw(st.integers(1, 12))
    found = []
    for number in range(1, size + 1):
        place = one_of_each(
            draw, parent=(None, *range(1, size + 3)), kind=KINDS, scope=("a", "b"),
            status=("ok", "error", "waiting", "unset"), start=range(9), lasted=(None, *range(6)),
        )  # fmt: skip
        told = one_of_each(
            draw, input_tokens=(None, None, 100, 200), response_id=("", "r1", "r2"),
            response_model=("gpt-4o", "gpt-4o-2024-08-06", "m2", ""), session_id=("", "s1", "s2"),
            session_rank=(0, 9), agent=("", "x", "y"), node=("", "n"),
        )  # fmt: skip
        usage = {"usage_state": "absent", "output_tokens": None}
        parent, lasted = place.pop("parent"), place.pop("lasted")
        start_ns = NOON_NS + place.pop("start")
        times = {"start_ns": start_ns, "end_ns": None if lasted is None else start_ns + lasted}
        found.append(
            call(
                number, parent, **place, **times, **told, **({} if told["input_tokens"] else usage)
            )
        )
    return found


@settings(max_examples=300)
@given(facts=traces(), seed=st.integers(0, 1000))
def test_the_order_of_arrival_does_not_matter(facts: list[Fact], seed: int):
    shuffled = list(facts) + facts[: seed % (len(facts) + 1)]
    Random(seed).shuffle(shuffled)
    assert verdict(shuffled) == verdict(facts)


@settings(max_examples=300)
@given(facts=traces())
def test_each_span_with_usage_is_billed_or_has_a_reason_never_both(facts: list[Fact]):
    found = verdict(facts)
    spoken_for = {f.span_id for f in facts if f.input_tokens is not None}
    assert spoken_for <= set(found.billed) | set(found.not_billed)
    assert set(found.billed).isdisjoint(found.not_billed)
    assert set(found.same_as) <= set(found.not_billed)


@settings(max_examples=200)
@given(facts=traces())
def test_no_ancestor_is_billed_for_what_a_descendant_other_than_a_call_bills(facts: list[Fact]):
    found = verdict(facts)
    by_id = {f.span_id: f for f in facts}
    for span_id in found.billed:
        fact, seen = by_id[span_id], {span_id}
        above = by_id.get(fact.parent_span_id)
        while above is not None and above.span_id not in seen and fact.input_tokens is not None:
            if above.kind in ("agent", "workflow", "node", "span"):
                assert above.span_id not in found.billed or is_cycle(above, by_id)
            seen.add(above.span_id)
            above = by_id.get(above.parent_span_id)


def is_cycle(fact: Fact, by_id: dict[bytes, Fact]) -> bool:
    """Tell whether the ancestors of a span lead round in a circle, where nobody is above."""
    seen: set[bytes] = set()
    step: Fact | None = fact
    while step is not None:
        if step.span_id in seen:
            return True
        seen.add(step.span_id)
        step = by_id.get(step.parent_span_id)
    return False


@pytest.mark.parametrize("kind", ["llm", "agent"])
def test_a_trace_row_adds_up_what_is_billed(kind: str):
    facts = [call(1, kind="agent", input_tokens=100), call(2, 1, kind=kind)]
    row = trace_row("p", b"t" * 16, facts, verdict(facts))
    assert 100 in row
    assert 200 not in row
