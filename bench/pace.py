"""Questions at an even pace, whatever the answers take: a URL and a body in, milliseconds out.

A raw socket and a loop in C, because on two cores what asks takes from what answers. `trivial` is a
server that does nothing, to be asked in the same way.
"""

import asyncio
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit

import psutil
import uvicorn
import uvloop
from tests.ports import free_port

from spanledger_collector.slices import take_short_turns

Asked = Sequence[float]
"""How long each answer took, in milliseconds."""

CONNECTIONS = 1000  # more than are asked while a server halts for a second
ANSWER = b'{"allowed":true,"cause":"","reason":"","left":[]}'


class Connection(asyncio.Protocol):
    """One connection that asks, and notes how long each answer took."""

    def __init__(self, free: "deque[Connection]", found: list[float]) -> None:
        self._free = free
        self._found = found
        self._heard = b""
        self._asked_s = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free to ask."""
        self._transport = transport
        self._free.append(self)

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._asked_s = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note an answer once it is whole, and be free again."""
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split()[0]):
            return
        assert head.startswith(b"HTTP/1.1 200"), self._heard
        self._found.append((time.perf_counter() - self._asked_s) * 1000)
        self._heard = b""
        self._free.append(self)


def asked_ms(url: str, body: bytes, rate: int, seconds: int) -> Asked:
    """Return how long each answer took; `body` has a place for the number of a user and a session.

    Whoever asks stands for another machine, so it does not wait for a core when the answer is there.
    """
    with ThreadPoolExecutor(1, initializer=take_short_turns) as asker:
        return asker.submit(uvloop.run, asked(url, body, rate, rate * seconds)).result()


async def asked(url: str, body: bytes, rate: int, total: int) -> Asked:
    """Ask so many times."""
    to, free, found = urlsplit(url), deque[Connection](), list[float]()
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Connection(free, found), to.hostname, to.port)
    free.pop().ask(request(to, body, 0))  # the last of them is let in, so all are
    await answers(found, 1)
    found.clear()
    begun = loop.time()
    for number in range(total):
        await asyncio.sleep(max(0.0, begun + number / rate - loop.time()))
        assert free, f"{CONNECTIONS} answers are awaited: the server cannot keep this pace"
        free.popleft().ask(request(to, body, number))
    await answers(found, total)
    return found


async def answers(found: Asked, wanted: int) -> None:
    """Wait until there are so many."""
    while len(found) < wanted:
        await asyncio.sleep(0.01)


def request(to: SplitResult, body: bytes, number: int) -> bytes:
    """Return a question as it goes over the wire."""
    said = body % (number % 1000, number)
    head = f"POST {to.path} HTTP/1.1\r\nHost: {to.netloc}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(said)}\r\n\r\n".encode() + said


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request without looking at it."""
    if scope["type"] == "http":
        await receive()
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": ANSWER})


def serve(port: int) -> None:
    """Answer on a port with nothing, by the server that the query API runs on."""
    uvicorn.run(nothing, port=port, log_config=None, access_log=False, lifespan="off")


@contextmanager
def trivial() -> Iterator[tuple[str, psutil.Process]]:
    """Run a server that does nothing; return its address and its process."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,))
    process.start()
    try:
        await_port(port)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join()


def await_port(port: int) -> None:
    """Return once something listens on a port."""
    for _ in range(200):
        if any(c.laddr.port == port for c in psutil.net_connections() if c.status == "LISTEN"):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
