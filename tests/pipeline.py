"""The whole way from a socket to an answer in one process: real HTTP in, real engine, real API.

Only two things differ from `spanledger serve`: the clock is that of the recorded captures, and the
drain turns when a test says so.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from fastapi.testclient import TestClient

from spanledger_collector.access import Door, Known, nobody
from spanledger_collector.api import resources
from spanledger_collector.api.application import create_app
from spanledger_collector.budgets.board import Board, board_file
from spanledger_collector.budgets.evaluate import Evaluator
from spanledger_collector.budgets.proof import Prover
from spanledger_collector.detectors.warden import Warden
from spanledger_collector.drain import Drain
from spanledger_collector.handover import Handover
from spanledger_collector.keys import KeyFile, keys_file
from spanledger_collector.ledger import own_prices
from spanledger_collector.ledger.accounts import Account, accounts
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.receive import deciding
from spanledger_collector.receive.connection import Connection, Patience
from spanledger_collector.receive.intake import Intake
from spanledger_collector.receive.keyring import Keyring
from spanledger_collector.receive.otlp_http import OtlpHttp
from spanledger_collector.spool import Cursor, Reader, Spool
from spanledger_collector.spoolwork import Yard
from spanledger_collector.store import Store
from tests.otlp import NOON_NS

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

T = TypeVar("T")


class AtOnce(Handover):
    """Does what is handed over there and then: nobody else turns the drain meanwhile."""

    def do(self, work: Callable[[Drain], T]) -> T:
        return work(self._drain)


class Pipeline:
    """Ingest, drain and query API over one store. `now_ns` is what ingest and ledger call now."""

    def __init__(self, store: Store, folder: Path, keys_demanded: bool = False) -> None:
        self.store = store
        self.keys_file, self.keys_demanded = keys_file(folder), keys_demanded
        self.now_ns = NOON_NS
        self.estimated: tuple[str, ...] = ()
        self.path = folder / "0001.spool"
        self.spool = Spool(self.path)
        self.reader, self.cursor = Reader(self.path), Cursor(self.path)
        self.intake = Intake(
            self.spool,
            max_body_bytes=64 << 20,
            keyring=Keyring(KeyFile(self.keys_file), keys_demanded),
            clock=lambda: self.now_ns,
        )
        self.otlp = httpx.Client(verify=False)
        self.board_file = board_file(folder)
        self.budgets = self.evaluator()
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not stored, as a store process that starts again."""
        self.drain = Drain(self.store, own_prices.book(self.store), 1000, self.estimated)
        app = create_app(self.store, lambda: {"ready": True}, dict)
        self.desk = Desk(self.store, AtOnce(self.drain), self.accounts, lambda: self.now_ns)
        self.budgets.close()
        self.budgets = self.evaluator()
        self.prover = Prover(self.store, 86400, True, lambda: self.now_ns)
        self.warden = Warden(self.store, lambda: self.now_ns)
        yard = Yard(self.desk.handover, lambda: {self.path.name: (self.reader, self.cursor)})
        resources.mount(
            app, self.desk, self.budgets, self.prover, self.warden, yard, self.keys_file
        )
        self.app, self.api = app, TestClient(app)
        self.let_in()

    def evaluator(self) -> Evaluator:
        """Return one that knows what is stored, and what its predecessor posted."""
        return Evaluator(self.store, Board(self.board_file), lambda: self.now_ns)

    def let_in(self, signed_in: Known = nobody) -> None:
        """Know the holders of keys, and people as `signed_in` does."""
        self.app.state.door = Door(KeyFile(self.keys_file), self.keys_demanded, signed_in)

    def accounts(self) -> list[Account]:
        """Return what the spool says of itself and the store of it."""
        return list(accounts(self.path, self.reader, self.cursor))

    def post(self, signal: str, body: bytes, content_type: str = PROTOBUF) -> httpx.Response:
        """Send a request and have it stored."""
        answer = self.send(signal, body, content_type)
        self.settle()
        return answer

    def send(self, signal: str, body: bytes, content_type: str = PROTOBUF) -> httpx.Response:
        """Send a request, which is then acknowledged and not yet stored."""
        answer = self.otlp.post(
            f"/v1/{signal}", content=body, headers={"content-type": content_type}
        )
        assert answer.status_code == 200, answer.content
        return answer

    def settle(self) -> None:
        """Drain until nothing is left."""
        while self.drain.step(self.reader, self.cursor):
            pass
        self.drain.settle()

    def get(self, path: str, **parameters: Any) -> Any:
        """Return what the query API answers."""
        answer = self.api.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ask(self, method: str, path: str, status: int = 200, **how: Any) -> Any:
        """Return what the query API answers to anything but a plain question."""
        answer = self.api.request(method, f"/api/v1/{path}", **how)
        assert answer.status_code == status, answer.text
        return answer.json()

    def sessions(self) -> list[Any]:
        """Return all sessions."""
        found: list[Any] = self.get("sessions", limit=1000)["items"]
        return found


@contextmanager
def running(store: Store, folder: Path, keys_demanded: bool = False) -> Iterator[Pipeline]:
    """Return a pipeline whose ingest listens on a free port."""
    pipeline = Pipeline(store, folder, keys_demanded)
    at_once = {"/api/v1/decide": deciding(pipeline.intake, folder)}
    config = uvicorn.Config(
        OtlpHttp(pipeline.intake, {}, at_once=at_once),
        port=0,
        http=partial(Connection, Patience(), at_once),  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        log_level="warning",  # Streamlit, where it ran before, has uvicorn tell more
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        pipeline.otlp = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=False)
        yield pipeline
    finally:
        server.should_exit = True
        thread.join()
        pipeline.budgets.close()
        pipeline.spool.close()
        pipeline.reader.close()
        pipeline.cursor.close()
        pipeline.otlp.close()
        pipeline.api.close()
