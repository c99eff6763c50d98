"""Words that must not be kept are taken out before anything is written down, and counted."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from re import _constants as op
from re import _parser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from spanledger_collector import receive
from spanledger_collector.process import Refused
from spanledger_collector.redact import BadRule, Redaction, linear, load
from spanledger_collector.redact.linear import Costly, compiled
from spanledger_collector.settings import load as settings
from spanledger_collector.store import Store
from tests.otlp import TRACE_CAPTURES, as_json, attribute, logs, span, traces
from tests.pipeline import JSON, Pipeline, running

STORES = ["chdb"]

BUILTIN = ("api_keys", "cards", "emails")
TEXTS = {
    "mail bob.b+x@mail.example.co.uk.": "mail [redacted:emails].",
    "pay 4111 1111 1111 1111 or 5555555555554444": "pay [redacted:cards] or [redacted:cards]",
    "at 1795262400000000000 by 4111111111111112": "at 1795262400000000000 by 4111111111111112",
    "key sk-proj-abcdefghijklmnopqrstuvwx!": "key [redacted:api_keys]!",
    "AKIAIOSFODNN7EXAMPLE": "[redacted:api_keys]",
    "nothing @ all, risk-free": "nothing @ all, risk-free",
}


def rules(tmp_path: Path, written: str, *names: str) -> Redaction:
    file = tmp_path / "rules.toml"
    file.write_text(written)
    return Redaction(load(names, str(file)))


def inside(*pairs: KeyValue) -> AnyValue:
    return AnyValue(kvlist_value=KeyValueList(values=pairs))


def kept(redaction: Redaction, body: bytes, signal: Any = "traces") -> str:
    return redaction.applied("shop", signal, "protobuf", body)[0].decode(errors="replace")


@pytest.mark.parametrize("said", TEXTS)
def test_built_in_rules_find_what_they_are_for_and_nothing_else(said: str):
    body, taken = Redaction(load(BUILTIN, "")).applied(
        "p", "traces", "protobuf", traces(span(attributes=[attribute("note", said)]))
    )
    assert TEXTS[said].encode() in body
    assert bool(taken) == (TEXTS[said] != said)


def test_every_text_of_a_request_is_looked_at_in_both_encodings(tmp_path: Path):
    redaction = rules(tmp_path, '[[rule]]\nname = "x"\npattern = "XYZ"')
    some = [attribute("a", "XYZ")]
    several = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="XYZ")]))
    nested = attribute("n", inside(attribute("in", several)))
    spans = traces(span(
        name="XYZ", attributes=[*some, nested], events=[Span.Event(name="e", attributes=some)],
        links=[Span.Link(attributes=some)], status=Status(message="XYZ"),
    ))  # fmt: skip
    records = logs(LogRecord(body=AnyValue(string_value="XYZ"), attributes=some))
    both: Any = (
        ("traces", spans, ExportTraceServiceRequest, 6),
        ("logs", records, ExportLogsServiceRequest, 2),
    )
    for signal, body, kind, count in both:
        encoded: Any = {"protobuf": body, "json": as_json(body, kind)}
        for encoding, sent in encoded.items():
            left, taken = redaction.applied("p", signal, encoding, sent)
            assert (taken["x"], b"XYZ" in left) == (count, False), (signal, encoding)


def test_whole_values_go_by_their_keys_also_inside_of_others(tmp_path: Path):
    redaction = rules(tmp_path, '[[rule]]\nname = "secret"\nkeys = ["*.password", "http.*"]')
    inner = attribute("user", inside(attribute("password", "hush"), attribute("name", "al")))
    text = kept(redaction, traces(span(attributes=[inner, attribute("http.code", 17)])))
    assert "hush" not in text
    assert "al" in text
    assert text.count("[redacted:secret]") == 2


def test_an_allow_list_keeps_what_it_names_and_what_totals_rest_on(tmp_path: Path):
    redaction = rules(tmp_path, '[[allow]]\nkeys = ["gen_ai.*"]\nprojects = ["shop"]')
    body = traces(span(attributes=[
        attribute("gen_ai.input.messages", "kept"), attribute("prompt", "gone"),
        attribute("session.id", "s-1"), attribute("llm.token_count.prompt", 12),
    ]))  # fmt: skip
    text = kept(redaction, body)
    assert "kept" in text
    assert "s-1" in text
    assert "gone" not in text
    assert text.count("[redacted:not_allowed]") == 1
    assert redaction.applied("other", "traces", "protobuf", body)[0] is body


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_what_no_rule_matches_is_kept_byte_by_byte(tmp_path: Path, encoding: Any):
    redaction = rules(tmp_path, '[[rule]]\nname = "x"\npattern = "not-to-be-found"', *BUILTIN)
    body = traces(span(attributes=[attribute("a", "b")]))
    body = body if encoding == "protobuf" else as_json(body)
    assert redaction.applied("p", "traces", encoding, body) == (body, {})


BAD = {
    '[[rule]]\nname = "x"\npattern = "(a+)+b"': "repeats without end",
    '[[rule]]\nname = "x"\npattern = "(a{1,30}){1,30}b"': "many ways",
    '[[rule]]\nname = "x"\npattern = "a{0,90}a{0,90}b"': "steps at every character",
    '[[rule]]\nname = "x"\npattern = "(a)\\\\1"': "refers back",
    '[[rule]]\nname = "x"\npattern = "(a"': "is no pattern",
    '[[rule]]\nname = "x"\npattern = "a?"': "matches nothing",
    '[[rule]]\nname = "emails"\npattern = "a"': "name of its own",
    '[[rule]]\nname = "x"': "neither a pattern nor keys",
    '[[rule]]\nname = "x"\npatern = "a"': "knows no 'patern'",
    '[[rule]]\nname = "x"\nkeys = "a"': "lists of texts",
    '[rules]\nname = "x"': "neither [[rule]] nor [[allow]]",
}


@pytest.mark.parametrize("written", BAD)
def test_a_rule_that_will_not_do_is_named_with_the_way_out(tmp_path: Path, written: str):
    with pytest.raises(BadRule) as refused:
        rules(tmp_path, written)
    assert BAD[written] in str(refused.value)


def test_an_unknown_rule_is_named_with_those_there_are():
    with pytest.raises(BadRule, match="'mails'; there are api_keys, cards, emails"):
        load(["mails"], "")


PARTS = st.sampled_from(
    ["a", "b", "[ab]", ".", "a{0,9}", "(?:ab|a){1,4}", "b{2,30}+", "(?:a{1,3}b?){0,3}+"]
)


class Trial:
    """Tries a pattern at one place in every way there is, as `re` does before it gives up."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = 0

    def ends(self, parts: Sequence[Any], at: int) -> Iterator[int]:
        """Yield every place where parts, one after the other, can end."""
        if not parts:
            yield at
            return
        name, value = parts[0]
        for end in self.one(name, value, at):
            yield from self.ends(parts[1:], end)

    def one(self, name: Any, value: Any, at: int) -> Iterator[int]:
        if name is op.SUBPATTERN:
            yield from self.ends(value[3], at)
        elif name is op.BRANCH:
            for branch in value[1]:
                yield from self.ends(branch, at)
        elif name is op.MAX_REPEAT:
            least, most, body = value
            yield from self.times(least, most, body, at)
        elif name is op.POSSESSIVE_REPEAT:
            least, most, body = value
            yield from islice(self.times(least, most, body, at), 1)
        else:
            self.steps += 1
            said = self.text[at : at + 1]
            chosen = {chr(of) for _, of in value} if name is op.IN else {chr(value or 0)}
            if said and (name is op.ANY or said in chosen):
                yield at + 1

    def times(self, least: int, most: int, body: Sequence[Any], at: int) -> Iterator[int]:
        if most:
            for end in self.ends(body, at):
                if end > at:
                    yield from self.times(max(least - 1, 0), most - 1, body, end)
        if not least:
            yield at


@given(st.lists(PARTS, min_size=1, max_size=6), st.integers(0, 3), st.integers(0, 40))
def test_what_is_let_through_takes_no_more_steps_than_was_counted(
    parts: list[str], tail: int, at: int
):
    written = "".join(parts) + "c"
    try:
        compiled(written)
    except Costly:
        return
    tree = _parser.parse(written)
    trial = Trial(("a" * 40 + "b" * tail) * 2)
    assert list(trial.ends(tree, at)) == []  # nowhere a c: everything was tried
    assert trial.steps <= linear.sequence(tree).steps <= linear.MOST_STEPS


def test_what_is_refused_would_take_more():
    trial = Trial("a" * 200)
    assert list(trial.ends(_parser.parse("a{0,90}a{0,90}b"), 0)) == []
    assert trial.steps > linear.MOST_STEPS


def test_no_capture_of_a_library_counts_differently_once_it_is_redacted(
    store: Store, tmp_path: Path
):
    def totals(folder: str, redaction: Redaction) -> Any:
        with running(store, tmp_path / folder) as pipeline:
            pipeline.intake.redaction = redaction
            for file in TRACE_CAPTURES[::6]:
                pipeline.send("traces", file.read_bytes())
            pipeline.settle()
            return [pipeline.get("spend", group_by=["session", "user", "model", "agent"])]

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = totals("a", Redaction())
    strict = rules(tmp_path, '[[rule]]\nname = "the"\npattern = "[Tt]he "', *BUILTIN)
    assert totals("b", strict) == before


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        found.intake.redaction = Redaction(load(BUILTIN, ""))
        yield found


def test_the_spool_never_sees_it_and_integrity_counts_it(pipeline: Pipeline):
    body = traces(span(attributes=[attribute("a", "to ann@example.org"), attribute("n", 4111)]))
    pipeline.post("traces", body)
    pipeline.post("traces", as_json(body), JSON)
    for batch in pipeline.reader.read_from(0):
        assert b"ann@" not in batch.body
        assert b"[redacted:emails]" in batch.body
    found = pipeline.get("integrity")
    assert found["redacted"] == {"emails": 2}
    assert found["holds"]


def test_a_bad_rule_stops_the_start_by_its_name(tmp_path: Path):
    file = tmp_path / "rules.toml"
    file.write_text('[[rule]]\nname = "slow"\npattern = "(a+)+"')
    told = settings({"data": str(tmp_path), "redact_rules": str(file)}, {})
    with pytest.raises(Refused, match="redaction rule 'slow'"):
        receive.serve(told)
