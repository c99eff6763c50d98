"""What is decorated runs as if it were not: values, exceptions, generators, tasks, recursion."""

import asyncio
import functools
import gc
import inspect
import pickle
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spanledger
from spanledger_schema import attributes as ours
from tests.sdk import Receiver, said

pytest_plugins = ["tests.recorder"]


def outcome(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, Any]:
    """Return what a call came to, exceptions by identity."""
    try:
        return "returned", function(*args, **kwargs)
    except BaseException as error:  # noqa: BLE001
        return "raised", error


class Odd(Exception):
    pass


anything = st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()), st.binary())
failures = st.sampled_from([None, Odd("x"), KeyError("k"), SystemExit(3), KeyboardInterrupt()])


@settings(max_examples=50)
@given(value=anything, error=failures, args=st.lists(anything, max_size=3))
def test_s01_a_call_returns_or_raises_the_very_same_object(server, value, error, args):
    def plain(*given: Any) -> Any:
        if error is not None:
            raise error
        return value

    way, what = outcome(spanledger.tool(plain), *args)
    assert (way, what) == outcome(plain, *args)
    assert what is (error if way == "raised" else value)


def test_s01_the_traceback_has_one_frame_more_and_the_cause_is_kept(receiver: Receiver):
    cause = ValueError("why")

    @spanledger.agent
    def fail() -> None:
        raise Odd("it") from cause

    with pytest.raises(Odd) as raised:
        fail()
    assert raised.value.__cause__ is cause
    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names[1:] == ["call", "fail"]


def test_a_call_that_raises_is_an_error_with_its_message_and_place(receiver: Receiver):
    @spanledger.tool
    def fail() -> None:
        raise Odd("no receipt")

    outcome(fail)
    spanledger.flush(5)
    span = receiver.one()
    assert (span.status.code, span.status.message) == (2, "no receipt")
    assert said(span)["error.type"] == "tests.test_sdk_calls.Odd"
    (event,) = span.events
    assert "in fail" in str(event.attributes)


def counting() -> Generator[int, str, str]:
    got = yield 1
    try:
        yield 2 if got == "go" else -2
    except Odd:
        yield 3
    return "end"


def drive(make: Callable[[], Generator[int, str, str]], how: str) -> list[Any]:
    """Return what a generator gives when it is driven one way or another."""
    running = make()
    seen: list[Any] = [next(running)]
    steps: dict[str, Callable[[], Any]] = {
        "next": lambda: next(running),
        "send": lambda: running.send("go"),
        "throw": lambda: running.throw(Odd()),
        "close": running.close,
    }
    for step in how.split():
        way, what = outcome(steps[step])
        seen.append((way, type(what), getattr(what, "value", what) if way == "raised" else what))
    return [x[:2] if isinstance(x, tuple) and x[1] is Odd else x for x in seen]


@pytest.mark.parametrize(
    "how",
    ["next next", "send throw next", "send next", "throw", "close", "close next", "send close"],
)
def test_s13_a_generator_can_be_driven_in_every_way(receiver: Receiver, how: str):
    assert drive(spanledger.tool(counting), how) == drive(counting, how)


def test_s13_a_generator_that_is_abandoned_ends_its_span_once(receiver: Receiver):
    running = spanledger.tool(counting)()
    next(running)
    del running
    gc.collect()
    assert spanledger.flush(5).pending == 0
    assert said(receiver.one())["gen_ai.tool.call.result"] == "[1]"


def test_s13_a_generator_never_started_makes_no_span_and_yield_from_keeps_the_value(
    receiver: Receiver,
):
    spanledger.tool(counting)()

    def outer() -> Generator[int, str, str]:
        return (yield from spanledger.step(counting)())

    running = outer()
    assert [next(running), next(running)] == [1, -2]
    with pytest.raises(StopIteration, match="end"):
        next(running)
    spanledger.flush(5)
    assert receiver.one().name == "counting"


def test_s13_a_suspended_generator_is_not_the_current_span(receiver: Receiver):
    @spanledger.step
    def items() -> Iterator[int]:
        with spanledger.span("inside"):
            pass
        yield 1

    @spanledger.agent
    def run() -> None:
        for _ in items():
            with spanledger.span("between"):
                pass

    run()
    spanledger.flush(5)
    spans = {s.name: s for s in receiver.spans()}
    agent = spans["invoke_agent run"].span_id
    assert spans["between"].parent_span_id == spans["items"].parent_span_id == agent
    assert spans["inside"].parent_span_id == spans["items"].span_id


def test_s13_async_generators_are_iterated_closed_and_thrown_into(receiver: Receiver):
    closed: list[str] = []

    @spanledger.llm_call
    async def stream() -> AsyncIterator[str]:
        try:
            for word in ("a", "b", "c"):
                yield word
        finally:
            closed.append("closed")

    async def run() -> list[str]:
        whole = [word async for word in stream()]
        part = stream()
        async for _ in part:
            break
        await part.aclose()  # type: ignore[attr-defined]
        with pytest.raises(Odd):
            await anext(thrown := stream()), await thrown.athrow(Odd())  # type: ignore[attr-defined]
        return whole

    assert asyncio.run(run()) == ["a", "b", "c"]
    assert closed == ["closed"] * 3
    spanledger.flush(5)
    assert [said(s)[ours.OUTPUT] for s in receiver.spans()] == ['"abc"', '"a"', '"a"']


@pytest.mark.parametrize("depth", [900, 5_000])
def test_s15_recursion_takes_one_more_frame_a_level(receiver: Receiver, depth: int):
    @spanledger.step(capture=False)
    def down(n: int) -> int:
        return 0 if n == 0 else 1 + down(n - 1)

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(2 * depth + 500)
    try:
        assert down(depth) == depth
    finally:
        sys.setrecursionlimit(before)


def test_s15_recursion_without_end_is_still_a_recursion_error(receiver: Receiver):
    @spanledger.step
    def down() -> None:
        down()

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(500)
    try:
        with pytest.raises(RecursionError):
            down()
    finally:
        sys.setrecursionlimit(before)


@spanledger.tool
def pickled(a: int, *, b: str = "x") -> str:
    """Say something."""
    return f"{a}{b}"


def test_s20_signature_name_docs_and_pickling_are_kept():
    assert str(inspect.signature(pickled)) == "(a: int, *, b: str = 'x') -> str"
    assert (pickled.__name__, pickled.__doc__) == ("pickled", "Say something.")
    assert inspect.get_annotations(pickled)["a"] is int
    assert pickle.loads(pickle.dumps(pickled)) is pickled


class Thing:
    @spanledger.tool
    def method(self, x: int) -> int:
        return x

    @spanledger.tool
    @classmethod
    def outer_class(cls, x: int) -> str:
        return cls.__name__

    @classmethod
    @spanledger.tool
    def inner_class(cls, x: int) -> str:
        return cls.__name__

    @spanledger.tool
    @staticmethod
    def static(x: int) -> int:
        return x

    @spanledger.tool  # type: ignore[prop-decorator]
    @property
    def value(self) -> int:
        return 7


def test_s20_methods_of_every_kind_are_recorded_without_self(receiver: Receiver):
    thing = Thing()
    found = (
        thing.method(1),
        thing.outer_class(1),
        Thing.inner_class(1),
        thing.static(1),
        thing.value,
    )
    assert found == (1, "Thing", "Thing", 1, 7)
    spanledger.flush(5)
    given = [said(s)["gen_ai.tool.call.arguments"] for s in receiver.spans()]
    assert given == ['{"x":1}'] * 4 + ["{}"]


def test_s20_partials_coroutines_of_plain_functions_and_double_decoration(receiver: Receiver):
    async def inner() -> int:
        return 1

    made = inner()
    assert spanledger.observe(lambda: made)() is made
    assert asyncio.run(made) == 1
    assert spanledger.tool(functools.partial(max, 3))(2) == 3
    twice = spanledger.tool(spanledger.tool(pickled))
    assert twice(1) == "1x"
    spanledger.flush(5)
    names = [s.name for s in receiver.spans()]
    assert names == ["<lambda>", "execute_tool partial", "execute_tool pickled"]
