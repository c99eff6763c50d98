"""A ClickHouse server in a process of its own, that hangs, goes away and comes back.

Everybody else must survive that: the store process asks it over HTTP, under load.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import chdb

from tests.clickhouse_http import Server
from tests.parts import START_S, context
from tests.ports import free_port


def serve(folder: Path, port: int) -> None:
    """Be the server."""
    # Two packages bring this module, one of them with types.
    kept = chdb.connect(str(folder))  # type: ignore[no-untyped-call, unused-ignore]
    Server(str(folder), "", port).serve_forever()
    kept.close()  # with none open the engine would end and start again between any two requests


class ClickHouse:
    """The server, which may hang or be away; what it has stored stays."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.dsn = f"http://default:@127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Start it, and return when it listens."""
        self._process = context.Process(target=serve, args=(self._folder, self._port))
        self._process.start()
        give_up = time.monotonic() + START_S
        while not self._listens():
            assert time.monotonic() < give_up, "the server does not start"
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def hang(self) -> None:
        """Have it take connections and answer none."""
        os.kill(self._process.pid or 0, signal.SIGSTOP)

    def stop(self) -> None:
        """Take it away: nobody listens any more."""
        self._process.kill()
        self._process.join()


@contextmanager
def clickhouse(folder: Path) -> Iterator[ClickHouse]:
    """Run a server with its data in a folder."""
    server = ClickHouse(folder)
    try:
        yield server
    finally:
        server.stop()
