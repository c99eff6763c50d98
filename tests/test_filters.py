"""The filter language: what is written, and what it means."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_schema.filters import (
    TEXTS,
    BadFilter,
    Matches,
    Range,
    Says,
    Term,
    Within,
    parse,
    split,
    term,
)

SECOND_NS = 10**9

READ: list[tuple[str, list[Term]]] = [
    ("", []),
    ("   ", []),
    ("agent:refunds", [Matches("agent", ("refunds",))]),
    ("ENV:prod id:s1", [Matches("environment", ("prod",)), Matches("session", ("s1",))]),
    ("model:gpt-5*", [Matches("model", ("gpt-5%",))]),
    ("user:*", [Matches("user", ("_%",))]),
    ("-user:*", [Matches("user", ("_%",), negated=True)]),
    ("user:50%_x", [Matches("user", ("50\\%\\_x",))]),
    ('name:"a * b"', [Matches("name", ("a * b",))]),
    (r'name:"say \"hi\" \\"', [Matches("name", ('say "hi" \\\\',))]),
    ('tag:a,"b c"', [Matches("tag", ("a", "b c"))]),
    ("session:a:b", [Matches("session", ("a:b",))]),
    ("cost:>1", [Within("cost", (Range(Decimal(1), None, low_included=False),))]),
    ("cost:<=0.5", [Within("cost", (Range(None, Decimal("0.5")),))]),
    ("errors:3", [Within("errors", (Range(Decimal(3), Decimal(3)),))]),
    ("tokens:1k..2M", [Within("tokens", (Range(Decimal(1000), Decimal(2_000_000)),))]),
    ("tokens:..5", [Within("tokens", (Range(None, Decimal(5)),))]),
    (
        "-latency:>=1.5m",
        [Within("duration", (Range(Decimal(90 * SECOND_NS), None),), negated=True)],
    ),
    ("refund", [Says("refund")]),
    ('-"lost luggage"', [Says("lost luggage", negated=True)]),
    ("a - b", [Says("a"), Says("-"), Says("b")]),
]


@pytest.mark.parametrize(("written", "terms"), READ)
def test_a_filter_is_read_term_by_term(written: str, terms: list[Term]):
    assert parse(written) == terms


def test_a_filter_is_cut_into_its_terms_as_they_are_written():
    assert split(' agent:a  -tag:"b c",d "lost luggage" ') == [
        "agent:a",
        '-tag:"b c",d',
        '"lost luggage"',
    ]


UNREADABLE = [
    ("colour:red", 0, "no field 'colour'"),
    ("ok user:", 8, "no value for 'user'"),
    ("user:a,", 7, "no value for 'user'"),
    ("cost:x", 5, "'cost' is a number, not 'x'; write cost:>1"),
    ("tokens:5s", 7, "may end in k, M, not '5s'; write tokens:1..20k"),
    ("duration:5x", 9, "may end in ms, s, m, h, d"),
    ("cost:5..1", 5, "ends before it begins; write cost:1..5"),
    ("cost:..", 5, "no end of the range"),
    ('"lost', 0, "a quote that does not end"),
    ('""', 0, "empty quotes"),
    ("a " * 31, 60, "at most 30 terms"),
]


@pytest.mark.parametrize(("written", "at", "detail"), UNREADABLE)
def test_what_cannot_be_read_is_named_with_its_place(written: str, at: int, detail: str):
    with pytest.raises(BadFilter) as caught:
        parse(written)
    assert caught.value.at == at
    assert str(caught.value).startswith(f"at character {at + 1}: ")
    assert detail in str(caught.value)


@given(st.text())
def test_any_text_is_read_or_refused(written: str):
    with suppress(BadFilter):
        assert len(parse(written)) <= 30


@given(st.sampled_from(TEXTS), st.lists(st.text(min_size=1), min_size=1))
def test_a_term_that_names_values_is_read_as_these_very_values(field: str, values: list[str]):
    (found,) = parse(term(field, values))
    assert isinstance(found, Matches)
    assert (found.field, len(found.patterns)) == (field, len(values))
    plain = [
        p.replace("\\%", "%").replace("\\_", "_").replace("\\\\", "\\") for p in found.patterns
    ]
    assert plain == values
