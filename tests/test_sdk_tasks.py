"""Tasks, threads and long streams: sessions never mix, what is cancelled is no error. S-13, S-14."""

import asyncio
import gc
import json
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

import spanledger
from spanledger_schema import attributes as ours
from tests.sdk import Receiver, said

pytest_plugins = ["tests.recorder"]


def test_s14_a_thousand_tasks_in_three_sessions_never_mix(receiver: Receiver):
    @spanledger.tool
    async def work(session: str, n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def one(n: int) -> None:
        name = f"s{n % 3}"
        with spanledger.session(name):
            await asyncio.gather(work(name, n), asyncio.to_thread(in_thread, name))

    @spanledger.step(capture=True)
    def in_thread(session: str) -> None: ...

    async def main() -> None:
        await asyncio.gather(*(one(n) for n in range(1_000)))

    asyncio.run(main())
    assert spanledger.flush(15).pending == 0
    spans = {span.span_id: span for span in receiver.spans()}  # a batch may well arrive twice
    told = Counter(
        (span.name, said(span)["session.id"], given_session(said(span))) for span in spans.values()
    )
    assert told == Counter(
        {
            (name, session, session): count
            for name in ("execute_tool work", "in_thread")
            for session, count in (("s0", 334), ("s1", 333), ("s2", 333))
        }
    )


def given_session(said: dict[str, Any]) -> str:
    """Return the session that a call was given as an argument."""
    told = json.loads(said.get("gen_ai.tool.call.arguments") or said[ours.INPUT])
    return str(told["session"])


UNSET = 0


def test_s14_cancellation_is_raised_again_and_is_no_error(receiver: Receiver):
    @spanledger.agent
    async def slow() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with asyncio.timeout(0.01):
            await slow()

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    spanledger.flush(5)
    span = receiver.one()
    assert said(span)["error.type"] == "asyncio.exceptions.CancelledError"
    assert (span.status.code, list(span.events)) == (UNSET, [])


def test_s14_a_thread_pool_works_in_the_session_of_who_submits(receiver: Receiver):
    @spanledger.tool
    def f() -> None: ...

    with ThreadPoolExecutor(1) as pool:
        with spanledger.session("a"):
            pool.submit(f).result()
        pool.submit(f).result()
        with spanledger.session("b"):
            list(pool.map(lambda _: f(), [1]))
    spanledger.flush(5)
    assert [said(s).get("session.id") for s in receiver.spans()] == ["a", None, "b"]


def test_s14_tasks_of_a_group_stay_in_its_session_when_one_of_them_fails(receiver: Receiver):
    @spanledger.tool
    async def work(fails: bool) -> None:
        await asyncio.sleep(0)
        if fails:
            raise KeyError("theirs")
        await asyncio.Event().wait()

    async def main() -> None:
        with spanledger.session("group"):
            async with asyncio.TaskGroup() as group:
                group.create_task(work(False))
                group.create_task(work(True))

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(main())
    assert [str(error) for error in raised.value.exceptions] == ["'theirs'"]
    spanledger.flush(5)
    told = sorted((said(s)["error.type"], said(s)["session.id"]) for s in receiver.spans())
    assert told == [("KeyError", "group"), ("asyncio.exceptions.CancelledError", "group")]


def test_s14_threads_of_anyio_belong_to_the_session_of_who_waits_for_them(receiver: Receiver):
    @spanledger.tool
    def work(name: str) -> None: ...

    async def one(name: str) -> None:
        with spanledger.session(name):
            await anyio.to_thread.run_sync(work, name)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for n in range(20):
                group.start_soon(one, f"s{n}")

    anyio.run(main)
    spanledger.flush(5)
    found = [said(span) for span in receiver.spans()]
    assert len(found) == 20
    given = [(f["gen_ai.tool.call.arguments"], f["session.id"]) for f in found]
    assert all(told == f'{{"name":"{session}"}}' for told, session in given)


def test_s14_a_loop_within_a_loop_leaves_the_outer_session_as_it_was(receiver: Receiver):
    @spanledger.tool
    async def work() -> None:
        await asyncio.sleep(0)

    def other_loop() -> None:
        loop = asyncio.new_event_loop()
        with spanledger.session("inner"):
            loop.run_until_complete(work())
        loop.close()

    async def main() -> None:
        with spanledger.session("outer"):
            await asyncio.to_thread(other_loop)
            await work()

    asyncio.run(main())
    spanledger.flush(5)
    assert [said(s)["session.id"] for s in receiver.spans()] == ["inner", "outer"]


PIECE = 1 << 20
PIECES = 40


def test_s13_of_a_long_stream_no_more_is_held_than_is_kept(receiver: Receiver):
    @spanledger.llm_call
    def stream() -> Iterator[str]:
        for n in range(PIECES):
            yield chr(ord("a") + n % 26) * PIECE

    gc.collect()
    tracemalloc.start()
    try:
        assert sum(map(len, stream())) == PIECES * PIECE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * PIECE
    assert spanledger.flush(5).delivered
    assert said(receiver.one())[ours.OUTPUT].endswith(f'({PIECES * PIECE} characters)"')


def test_s13_a_stream_of_many_short_texts_is_told_whole(receiver: Receiver):
    @spanledger.llm_call
    def stream() -> Iterator[str]:
        yield from ["to", "ken"] * 2_000

    assert len(list(stream())) == 4_000
    spanledger.flush(5)
    assert said(receiver.one())[ours.OUTPUT] == f'"{"token" * 2_000}"'


def test_s13_of_a_long_async_stream_the_number_of_items_is_told(receiver: Receiver):
    @spanledger.step
    async def stream() -> AsyncIterator[int]:
        for n in range(3_000):
            yield n

    async def main() -> int:
        return sum([n async for n in stream()])

    assert asyncio.run(main()) == sum(range(3_000))
    spanledger.flush(5)
    assert said(receiver.one())[ours.OUTPUT].endswith('998,"... 2001 more"]')
