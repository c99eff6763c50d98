"""A proxy that does to connections what networks do: slow, cut, deaf, and twice.

Stands between any client and a server on this machine and passes bytes of any protocol. Each
connection takes the next of the faults it was given, and none when they are used up. Faults begin
once a client has sent `AFTER_BYTES` on a connection: in the middle of its first request.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum

AFTER_BYTES = 1_500  # beyond the headers of a request or the handshake of HTTP/2, within its body
CHUNK_BYTES = 1 << 16
DELAY_S = 0.1
DRIP_BYTES, DRIP_S = 6, 0.4  # and the time from one of them to the next
LAST_S = 5.0  # for what is still on its way when the proxy is stopped
QUIET_S = 0.3  # after which an answer that was swallowed has come to its end
MOST_KEPT_BYTES = 1 << 24  # of what a client sent, to send it once more


class Fault(StrEnum):
    """What may happen to a connection."""

    NONE = "none"
    DELAY = "delay"  # everything arrives, late
    DEAF = "deaf"  # the request arrives, the answer does not
    CUT = "cut"  # the request ends in the middle
    DRIP = "drip"  # a few bytes, slowly, until the connection breaks
    TWICE = "twice"  # everything the client sent arrives once more


class Chaos:
    """The proxy, in a thread with a loop of its own."""

    def __init__(self, port: int, faults: Sequence[Fault]) -> None:
        """Listen for connections to a server.

        Args:
            port: where the server listens on this machine; it may come and go.
            faults: one for each connection, in order.
        """
        self.port = 0
        self.suffered: list[Fault] = []  # by requests, in the order in which they were under way
        self._server_port = port
        self._faults = deque(faults)
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="chaos")

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stop.wait()
        server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        if under_way:
            await asyncio.wait(under_way, timeout=LAST_S)  # the runner cancels what is left

    def start(self) -> None:
        """Return when it listens."""
        self._thread.start()
        self._listening.wait()

    def stop(self) -> None:
        """End every connection, and return when nothing of it is left."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            far, forth = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            back.close()  # nobody is there: the client sees what it would see without us
            return
        fault = self._faults.popleft() if self._faults else Fault.NONE
        way = Way(fault, near, back, far, forth, self.suffered)
        try:
            await way.travel()
        finally:
            forth.close()
            back.close()
        if fault is Fault.TWICE:
            await self._send_again(bytes(way.kept))

    async def _send_again(self, kept: bytes) -> None:
        """Send what a client sent over another connection, and let nobody hear the answer."""
        with suppress(OSError):
            far, forth = await asyncio.open_connection("127.0.0.1", self._server_port)
            forth.write(kept)
            await drained(far)
            forth.close()


class Way:
    """One connection from end to end, with its fault."""

    def __init__(
        self,
        fault: Fault,
        near: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        far: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
        suffered: list[Fault],
    ) -> None:
        self.fault, self.sent, self.kept = fault, 0, bytearray()
        self._suffered = suffered
        self._near, self._back, self._far, self._forth = near, back, far, forth

    async def travel(self) -> None:
        """Pass bytes in both directions until one side has had enough."""
        ways = [
            asyncio.create_task(passed(self._near, self._go)),
            asyncio.create_task(passed(self._far, self._come)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    @property
    def _begun(self) -> bool:
        return self.sent >= AFTER_BYTES

    async def _go(self, data: bytes) -> None:
        """Pass what the client sends."""
        early = data[: max(0, AFTER_BYTES - self.sent)]
        begun = self._begun
        self.sent += len(data)
        if self._begun and not begun:
            self._suffered.append(self.fault)
        if self.fault is Fault.TWICE and len(self.kept) < MOST_KEPT_BYTES:
            self.kept += data
        await write(self._forth, early)
        await self._go_wrong(data[len(early) :])

    async def _go_wrong(self, data: bytes) -> None:
        """Pass what comes after the point where a fault begins."""
        if data and self.fault is Fault.CUT:
            raise ConnectionResetError
        if data and self.fault is Fault.DRIP:
            await self._drip(data)
        if data and self.fault is Fault.DELAY:
            await asyncio.sleep(DELAY_S)
        await write(self._forth, data)

    async def _drip(self, data: bytes) -> None:
        for place in range(DRIP_BYTES):
            await asyncio.sleep(DRIP_S)
            await write(self._forth, data[place : place + 1])
        raise ConnectionResetError

    async def _come(self, data: bytes) -> None:
        """Pass what the server answers."""
        if self.fault is Fault.DEAF and self._begun:
            await drained(self._far)
            raise ConnectionResetError
        await write(self._back, data)


async def passed(reader: asyncio.StreamReader, pass_on: Callable[[bytes], Awaitable[None]]) -> None:
    """Pass on what can be read, until there is no more."""
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            await pass_on(data)


async def write(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write, as fast as the other side takes it."""
    writer.write(data)
    await writer.drain()


async def drained(reader: asyncio.StreamReader) -> None:
    """Swallow what can be read until nothing has come for a while."""
    with suppress(OSError, TimeoutError):
        while await asyncio.wait_for(reader.read(CHUNK_BYTES), QUIET_S):
            pass


@contextmanager
def chaos(port: int, *faults: Fault) -> Iterator[Chaos]:
    """Run a proxy in front of a port of this machine."""
    proxy = Chaos(port, faults)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
