"""An ingest server that really listens, in a thread, and its spool from both sides."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from spanledger_collector import receive
from spanledger_collector.receive import Listening
from spanledger_collector.settings import Settings, load
from spanledger_collector.spool import Batch, Reader, Spool
from tests.ports import free_port

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
MAX_BODY = 1 << 20


@dataclass
class Ingest:
    """A running ingest server and what is needed to look at it from both sides."""

    settings: Settings
    spool: Spool
    server: Listening
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        url = self.settings.url(self.settings.http_port)
        self.client = httpx.Client(base_url=url, timeout=30, verify=False)  # no need to load keys

    @property
    def grpc(self) -> str:
        return self.settings.address(self.settings.grpc_port)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.client.post(path, content=body, headers=headers)

    def connected(self) -> socket.socket:
        """Return a bare connection to the HTTP port."""
        return socket.create_connection(("127.0.0.1", self.settings.http_port), timeout=30)

    def spooled(self) -> list[Batch]:
        """Return every batch in the spool, read as the store process reads it."""
        reader = Reader(self.settings.spool_dir / "0001.spool")
        found = reader.read_from(0, max_items=10**9, max_bytes=10**12)
        reader.close()
        return found

    def figures(self) -> dict[str, int]:
        """Return what /metrics says, by name and labels."""
        lines = self.client.get("/metrics").text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: int(value) for name, value in pairs}


def settings_for(folder: Path, **told: object) -> Settings:
    """Return settings for a server on free ports with its data in `folder`."""
    ports = {name: str(free_port()) for name in ("http_port", "grpc_port")}
    given = {"data": str(folder), "max_body_bytes": MAX_BODY, **ports, **told}
    return load({name: str(value) for name, value in given.items()}, {})


@contextmanager
def listening(settings: Settings) -> Iterator[Ingest]:
    """Run an ingest server."""
    spool = receive.opened(settings)
    server = receive.server(settings, spool)
    thread = threading.Thread(target=server.run)
    thread.start()
    running = Ingest(settings, spool, server)
    wait_until_ready(settings)
    try:
        yield running
    finally:
        running.client.close()
        server.stop()
        thread.join()
        spool.close()


def wait_until_ready(settings: Settings) -> None:
    """Wait until the server listens, which it does when it is ready."""
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", settings.http_port)) == 0:
                return
        time.sleep(0.01)
