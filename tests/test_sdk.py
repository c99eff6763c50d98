"""The SDK as an application uses it: what each decorator and helper puts on the wire."""

import re
from collections.abc import Coroutine, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Self, assert_type

import pytest

import spanledger
from spanledger.responses import usage_of
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


def test_a_state_machine_records_what_it_allows_and_refuses_the_rest(receiver: Receiver):
    order = spanledger.StateMachine("order", "received", {"received": {"paid"}})
    assert (order.can("paid"), order.can("refunded")) == (True, False)
    order.to("paid", reason="card charged")
    with pytest.raises(spanledger.TransitionRefused, match="order: paid → received is not allowed"):
        order.to("received")
    assert order.state == "paid"
    spanledger.flush(5)
    assert (receiver.one().name, said(receiver.one())) == (
        "order",
        {
            ours.KIND: "state",
            ours.STATE_FROM: "received",
            ours.STATE_TO: "paid",
            ours.STATE_REASON: "card charged",
        },
    )


OPENAI = {
    "id": "chatcmpl-1", "model": "gpt-4o-2024-08-06",
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
              "prompt_tokens_details": {"cached_tokens": 4}},
}  # fmt: skip
RESPONSES = {
    "id": "resp_1", "model": "gpt-5",
    "usage": {"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4},
              "output_tokens_details": {"reasoning_tokens": 2}},
}  # fmt: skip
ANTHROPIC = {
    "id": "msg_1", "model": "claude-sonnet-4-5",
    "usage": {"input_tokens": 3, "output_tokens": 5, "cache_read_input_tokens": 4,
              "cache_creation_input_tokens": 3},
}  # fmt: skip
GEMINI = {
    "model_version": "gemini-2.5-pro",
    "usage_metadata": {"prompt_token_count": 10, "candidates_token_count": 3,
                       "thoughts_token_count": 2},
}  # fmt: skip


@pytest.mark.parametrize(
    ("response", "parts"),
    [
        (OPENAI, {"cache_read_tokens": 4}),
        (RESPONSES, {"cache_read_tokens": 4, "reasoning_tokens": 2}),
        (ANTHROPIC, {"cache_read_tokens": 4, "cache_write_tokens": 3}),
        (GEMINI, {"reasoning_tokens": 2}),
    ],
)
def test_a_response_tells_its_usage_with_all_of_the_input_and_the_output(response, parts):
    found = usage_of(response)
    assert {k: v for k, v in found.items() if k not in ("model", "response_id")} == {
        "input_tokens": 10,
        "output_tokens": 5,
        **parts,
    }
    assert found["model"] == response.get("model", "gemini-2.5-pro")


def test_usage_outside_a_call_is_a_call_of_its_own(receiver: Receiver):
    @spanledger.agent
    def run() -> None:
        spanledger.record_usage(OPENAI, provider="openai")

    run()
    spanledger.flush(5)
    call, agent = receiver.spans()
    assert (call.name, call.parent_span_id) == ("chat gpt-4o-2024-08-06", agent.span_id)
    assert said(call)["gen_ai.usage.input_tokens"] == 10
    assert "gen_ai.usage.input_tokens" not in said(agent)


def test_amounts_that_are_none_are_not_recorded(receiver: Receiver):
    for amount in ("lots", "NaN", -1, "Infinity"):
        spanledger.add_cost(amount, "x")
    assert spanledger.flush(1).delivered == 0


def test_every_block_of_the_documentations_first_page_runs(
    receiver: Receiver, capsys: pytest.CaptureFixture[str]
):
    text = (Path(__file__).parent.parent / "docs/sdk.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    @spanledger.tool("never enough")
    def again() -> None:
        again()

    known: dict[str, Any] = {
        "documents": ["b", "a"],
        "rank": sorted,
        "wait": lambda: None,
        "agent": again,
    }
    for block in blocks:
        exec(block.replace("spanledger.configure()", ""), known)
    assert [s.name for s in receiver.spans() if s.name != "execute_tool never enough"] == [
        "waiting for human approval",  # as it was while it lasted: without an end
        "execute_tool look_up",
        "invoke_agent answer",
        "rerank rank",
        "execute_tool look_up",
        "invoke_agent answer",
        "planning → executing",
        "approved refund",
        "waiting for human approval",
        "feedback",
        "escalation",
        "bank fee",
        "order",
    ]
    ids = {s.name: said(s).get("session.id") for s in receiver.spans()}
    assert ids["execute_tool look_up"] == ids["invoke_agent answer"] == "refund-of-B-2"
    assert known["ranked"] == ["a", "b"]
    limit, delivery = capsys.readouterr().out.splitlines()
    assert limit == "max_steps 50 50"
    assert delivery == f"{len(receiver.spans())} 0 0 0 {{}}"


def test_the_version_is_read_when_it_is_asked_for():
    assert spanledger.__version__ == metadata.version("spanledger")
    with pytest.raises(AttributeError, match="module 'spanledger' has no attribute 'agnet'"):
        _ = spanledger.agnet  # type: ignore[attr-defined]


def test_what_is_decorated_keeps_its_type_for_the_checker():
    """Mypy reads this test; at run time the types are those that the functions return."""

    @spanledger.tool
    def look_up(order: str, *, days: int = 1) -> dict[str, int]:
        return {order: days}

    @spanledger.agent("named", capture=False)
    async def answer(question: str) -> float:
        return float(question)

    class Store:
        @spanledger.retriever
        def find(self, words: str) -> list[str]:
            return [words]

        @classmethod
        @spanledger.step
        def made(cls) -> Self:
            return cls()

        @property
        @spanledger.observe(kind="rerank")
        def size(self) -> int:
            return 3

    assert_type(look_up("B-2", days=3), dict[str, int])
    assert_type(answer("0.5"), Coroutine[Any, Any, float]).close()
    assert_type(Store.made(), Store)
    assert_type(Store().find("w"), list[str])
    assert_type(Store().size, int)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'day'"):
        look_up("B-2", day=3)  # type: ignore[call-arg]
