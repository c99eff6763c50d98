"""A cluster for tests: one shard, and the same engine behind it that answers for a server.

What a cluster does to queries is real: `Distributed` tables ask the shard of `remote_servers`. What one
process without a Keeper cannot do is taken out of each statement on arrival: that it runs on every server
(`ON CLUSTER`), that tables are replicated, and that even the near replica is asked over the network.
"""

import multiprocessing
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import chdb

from tests.clickhouse_http import Answer, Engine, Request, Server
from tests.parts import START_S
from tests.ports import free_port

NAME = "one"
CONFIG = f"""<clickhouse>
    <tcp_port>9000</tcp_port>
    <remote_servers><{NAME}><shard>
        <replica><host>127.0.0.1</host><port>9000</port></replica>
    </shard></{NAME}></remote_servers>
</clickhouse>"""
EVERYWHERE = re.compile(rb" ON CLUSTER `\w+`")
REPLICATED = re.compile(rb"(ENGINE = )Replicated")
ALONE = {"prefer_localhost_replica": "1"}


class Alone(Engine):
    """The engine, which is all servers of the cluster."""

    def run(self, request: Request) -> Answer:
        text = REPLICATED.sub(rb"\1", EVERYWHERE.sub(b"", request.text))
        url = request.url | {name: v for name, v in ALONE.items() if name in request.url}
        return super().run(replace(request, text=text, url=url))


def serve(folder: Path, port: int) -> None:
    """Be the server."""
    config = folder / "config.xml"
    config.write_text(CONFIG)
    server = Server("", "", port)
    server.engine = Alone(f"{folder}/db?config-file={config}")
    # Two packages bring this module, one of them with types.
    kept = chdb.connect(server.engine.folder)  # type: ignore[no-untyped-call, unused-ignore]
    server.serve_forever()  # the engine would end and start again between any two requests
    kept.close()


@contextmanager
def clustered(folder: Path) -> Iterator[str]:
    """Run the cluster with its data in a folder; yield the DSN of its server."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, port))
    process.start()
    try:
        give_up = time.monotonic() + START_S
        while not listens(port):
            assert time.monotonic() < give_up, "the server does not start"
            time.sleep(0.02)
        yield f"http://default:@127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()


def listens(port: int) -> bool:
    """Tell whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
