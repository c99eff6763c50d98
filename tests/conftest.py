"""What all tests share: one engine for the whole run, and a database for each test that is empty.

What stores and asks is tested twice, once against the embedded engine (`chdb://`) and once over
HTTP (`http://`), as against a ClickHouse server: the fixtures below `dsn` come in both kinds. A
module whose subject lies beyond the store says `STORES = ["chdb"]`; a test of it that takes the
whole way through the store says `@both_stores`.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings

from spanledger_collector.store import Client, Store, connect, migrate
from tests import score_table
from tests.clickhouse_http import serving
from tests.databases import TEMPLATE, Databases, migrated, numbers

pytest_plugins = ["tests.browser", "tests.offline"]  # no test reaches beyond this machine

# The suite is the same each time and no clock decides it; `make fuzz` is where chance has its say.
settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# A file is run by one process. Those that take more than half a minute go first, the dearest ahead:
# whoever began with page_journey when the others were done kept one core waiting for minutes.
DEAR = (
    "page_journey", "erase", "failpoints", "serve", "page_spend", "alert_failpoints", "wire",
    "reprice", "example_agents", "chaos", "sdk_process", "page_replay", "api", "keys",
    "page_sessions", "across", "page_extremes", "machines", "page_budgets", "budgets",
    "api_schema", "workers", "ledger_commands", "store", "signin", "approval_journey",
    "clickhouse_http", "wire_forms", "drain", "warden", "shares", "retention",
    "page_corpus", "cluster", "pairs", "parts", "watch", "crash", "ledger_properties", "budget_model",
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def event_loop_of_apps() -> Iterator[None]:
    """Let all apps answer in one event loop: one for each request takes 2 ms of CPU."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the DSN of the one chDB folder this process may open."""
    dsn = f"chdb://{tmp_path_factory.mktemp('chdb')}"
    with connect(dsn) as root:
        root.command(f"CREATE DATABASE {TEMPLATE}")
        with connect(dsn, database=TEMPLATE) as client:
            migrate(client)
        yield dsn


@pytest.fixture(scope="session")
def clickhouse(engine: str) -> Iterator[str]:
    """Return the DSN of a server that speaks ClickHouse's HTTP interface for the same engine."""
    with serving(engine.removeprefix("chdb://"), password="secret") as dsn:
        yield dsn


def pytest_collection(session: pytest.Session):
    """Let each process begin elsewhere: in a new checkout it compiles its share and finds the rest.

    Garbage is looked for once it is all there: of what is imported next to nothing is.
    """
    gc.disable()
    told = getattr(session.config, "workerinput", None)
    if told is None or session.config.args != session.config.getini("testpaths"):
        return
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    begin = int(told["workerid"].removeprefix("gw")) * len(files) // told["workercount"]
    for file in files[begin:] + files[:begin]:
        with suppress(Exception, pytest.skip.Exception):  # collecting says it
            import_module(f"tests.{file.stem}")


def pytest_collection_modifyitems(items: list[pytest.Item]):
    """Put the dear files first; those of one file stay together and in their order."""
    turns = {f"test_{name}.py": turn for turn, name in enumerate(DEAR)}
    items.sort(key=lambda item: turns.get(item.path.name, len(DEAR)))


def pytest_collection_finish():
    """Have garbage looked for among what tests make only: what was imported stays as long as we do."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc):
    """Run a test that needs a store with each kind of it, or with those that its module names."""
    named = any("dsn" in mark.args for mark in metafunc.definition.iter_markers("parametrize"))
    if "dsn" in metafunc.fixturenames and not named:
        stores = getattr(metafunc.module, "STORES", ["chdb", "http"])
        metafunc.parametrize("dsn", stores, indirect=True)


@pytest.fixture
def dsn(request: pytest.FixtureRequest) -> str:
    """Return how the store is reached: embedded, then over HTTP."""
    address: str = request.getfixturevalue("engine" if request.param == "chdb" else "clickhouse")
    return address


@pytest.fixture(scope="session")
def databases(engine: str) -> Iterator[Databases]:
    """Return the stores that tests hand on to one another."""
    with connect(engine) as root:
        found = Databases(engine, root)
        yield found
        found.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """Return the name of a database nobody else uses; it is dropped afterwards."""
    name = f"t{next(numbers)}"
    yield name
    databases.drop(name)


@pytest.fixture
def db(dsn: str, engine: str, database: str) -> Iterator[Client]:
    """Return a client on a fresh database with every migration applied (about 50 ms)."""
    migrated(engine, database)
    with connect(dsn, database=database) as client:
        yield client


@pytest.fixture
def new_store(dsn: str, databases: Databases) -> Iterator[Callable[[], Store]]:
    """Return what opens a store on an empty database, as often as it is called."""
    with ExitStack() as lent:
        yield lambda: lent.enter_context(databases.lending(dsn))


@pytest.fixture
def store(new_store: Callable[[], Store]) -> Store:
    """Return a store on an empty database, migrated, with its reader and its writer."""
    return new_store()


@pytest.fixture
def embedded(engine: str, databases: Databases) -> Iterator[Store]:
    """Return such a store for a test to which it is all the same how a store is reached."""
    with databases.lending(engine) as store:
        yield store


@pytest.fixture(scope="module")
def shared_store(engine: str, databases: Databases) -> Iterator[Store]:
    """Return such a store for all tests of a module, which know apart what is theirs."""
    with databases.lending(engine) as store:
        yield store


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter):
    """Print the table of what is read right of each recorded capture."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    for line in score_table.lines(cell for r in reports for cell in r.user_properties):
        terminalreporter.write_line(line)
