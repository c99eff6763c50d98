"""A real query API over the real engine for tests of single pages; the whole server is `serving`."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from streamlit import config
from streamlit.testing.v1 import AppTest

from spanledger_collector.api import export, tables, views
from spanledger_collector.api.application import create_app
from spanledger_collector.drain import Drain
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.spool import Batch, Cursor, Reader, Spool
from spanledger_collector.store import Store
from spanledger_ui import stopping
from spanledger_ui.components import FOLDER
from spanledger_ui.run import flags, keep_to_our_components
from tests.otlp import CAPTURES, NOON_NS
from tests.pipeline import AtOnce
from tests.ports import free_port

RUN_S = 60
FLAGS = flags("127.0.0.1", 8501, ())  # as people are served


def stored(store: Store, folder: Path, *bodies: bytes) -> None:
    """Take trace requests through the whole pipeline into the store."""
    path = folder / "0001.spool"
    spool = Spool(path)
    for body in bodies:
        spool.append(Batch(0, NOON_NS, "default", "", "traces", "protobuf", 1, body)).result()
    spool.close()
    reader, cursor = Reader(path), Cursor(path)
    drain = Drain(store, Pricebook(), 10_000)
    while drain.step(reader, cursor):
        pass
    reader.close()
    cursor.close()


def capture(name: str) -> bytes:
    """Return what a library sent."""
    return (CAPTURES / f"{name}.pb").read_bytes()


@contextmanager
def answering(store: Store) -> Iterator[str]:
    """Serve sessions, tables and spend of the query API over `store`; return its address."""
    app = create_app(store, lambda: {"ready": True, "last_received_at": None}, dict)
    app.state.desk = Desk(store, AtOnce(Drain(store, Pricebook(), 1)), list)
    tables.mount(app)
    export.mount(app)
    views.mount(app)
    with listening(app) as url:
        yield url


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Serve an ASGI application; return its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def page(name: str, api_url: str, **parameters: str) -> AppTest:
    """Return a page as it stands after its first run under this URL."""
    for flag in ("runner.magicEnabled", "browser.gatherUsageStats"):
        config.set_option(flag, FLAGS[flag])  # each costs every run a tenth
    keep_to_our_components()
    test = AppTest.from_file(FOLDER / "pages" / f"{name}.py", default_timeout=RUN_S)
    test.secrets["api_url"] = api_url
    test.secrets["otlp_url"] = "http://collector.test:4318"
    for parameter, value in parameters.items():
        test.query_params[parameter] = value
    return test.run()


def shown(test: AppTest) -> list[str]:
    """Return all plain text of a page: first what is set as text, then what is set as code."""
    return [*(element.value for element in test.text), *(element.value for element in test.code)]


def opened(test: AppTest) -> str:
    """Return the name of the step that a replay shows: the first text but for what its buttons hold."""
    return next(told for told in shown(test) if told != stopping.ASKS)


def components(test: AppTest, name: str) -> list[Any]:
    """Return the messages of our components of this name."""
    protos = [element.proto for element in test.get("bidi_component")]
    return [proto for proto in protos if proto.component_name == f"spanledger_{name}"]


def ledger(test: AppTest) -> dict[str, Any]:
    """Return the data of the one ledger of a page."""
    (content,) = ledgers(test).values()
    return content


def ledgers(test: AppTest) -> dict[str, dict[str, Any]]:
    """Return the data of the ledgers of a page by their labels."""
    contents = [json.loads(proto.json) for proto in components(test, "ledger")]
    return {content["label"]: content for content in contents}


def texts(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what the cells of a ledger's row say."""
    return {k: v if isinstance(v, str) else v["text"] for k, v in row["cells"].items()}
