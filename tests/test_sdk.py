"""The SDK as an application uses it: what each decorator and helper puts on the wire."""

from collections.abc import Iterator

import pytest

import spanledger
from spanledger_schema import attributes as ours
from tests.sdk import Receiver, configured, receiving, said


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver, configured(receiver.url):
        yield receiver


def test_a_tool_call_carries_its_arguments_and_its_result(receiver: Receiver):
    @spanledger.tool
    def add(a: int, b: int) -> int:
        return a + b

    assert add(1, b=2) == 3
    assert spanledger.flush(5).delivered == 1
    span = receiver.one()
    assert (span.name, said(span)) == (
        "execute_tool add",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "add",
            "gen_ai.tool.call.arguments": '{"a":1,"b":2}',
            "gen_ai.tool.call.result": "3",
        },
    )


@pytest.mark.parametrize(
    ("decorator", "name", "kind"),
    [
        (spanledger.agent, "invoke_agent f", ("gen_ai.operation.name", "invoke_agent")),
        (spanledger.workflow, "invoke_workflow f", ("gen_ai.operation.name", "invoke_workflow")),
        (spanledger.step, "f", (ours.KIND, "node")),
        (spanledger.llm_call, "chat f", ("gen_ai.operation.name", "chat")),
        (spanledger.retriever, "retrieval f", ("gen_ai.operation.name", "retrieval")),
        (spanledger.observe, "f", (ours.KIND, "span")),
    ],
)
def test_each_decorator_says_what_it_decorates(receiver, decorator, name, kind):
    @decorator  # type: ignore[untyped-decorator]
    def f() -> None: ...

    f()
    spanledger.flush(5)
    span = receiver.one()
    assert (span.name, said(span)[kind[0]]) == (name, kind[1])


def test_a_decorator_takes_a_name_or_options_or_nothing(receiver: Receiver):
    @spanledger.agent("planner")
    def a() -> None: ...

    @spanledger.step()
    def b() -> None: ...

    @spanledger.observe(kind="evaluator", capture=False)
    def c(secret: str) -> None: ...

    a(), b(), c("s3cret")
    spanledger.flush(5)
    names = [(s.name, said(s).get(ours.INPUT)) for s in receiver.spans()]
    assert names == [("invoke_agent planner", "{}"), ("b", "{}"), ("c", None)]


def test_a_stream_of_text_arrives_as_one_text(receiver: Receiver):
    @spanledger.llm_call(model="m")
    def stream() -> Iterator[str]:
        yield "Hel"
        yield "lo"

    assert list(stream()) == ["Hel", "lo"]
    spanledger.flush(5)
    found = said(receiver.one())
    assert found[ours.OUTPUT] == '"Hello"'
    assert found["gen_ai.response.time_to_first_chunk"] >= 0


def test_a_session_reaches_every_span_inside_it_and_none_outside(receiver: Receiver):
    @spanledger.tool
    def f() -> None: ...

    scope = spanledger.session("s1", user="ada", tags=["x"], metadata={"tier": "gold"})
    with scope, spanledger.span("outer"):
        f()
    f()
    spanledger.flush(5)
    found = [(s.name, said(s).get("session.id"), said(s).get("user.id")) for s in receiver.spans()]
    assert found == [
        ("execute_tool f", "s1", "ada"),
        ("outer", "s1", "ada"),
        ("execute_tool f", None, None),
    ]
    outer = said(receiver.spans()[1])
    assert (outer[ours.TAGS], outer[ours.METADATA + "tier"]) == (["x"], "gold")


def test_nothing_is_recorded_before_configure():
    @spanledger.agent
    def f() -> int:
        return 1

    assert f() == 1
    assert spanledger.flush(1) == spanledger.Delivery()
