"""Real exporters over bad networks, and over servers that come and go: nothing acknowledged is lost."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.agents import Agent, Transport, exporter, working
from tests.chaos import Fault, chaos
from tests.journal import Call, Journal, Journaled, differences
from tests.parts import Parts, parts

TRANSPORTS: list[Transport] = ["http", "grpc"]
TIMEOUT_S = 2  # of an exporter: less than a dripping connection takes
SHORT_S = 3  # of exporters that outlive a restart: then they ask again soon, not after long pauses


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Return ingest and store as processes."""
    with parts(tmp_path_factory.mktemp("chaos")) as running:
        yield running


@pytest.fixture(scope="module")
def journal() -> Journal:
    """Return the journal of all that the tests of this module send."""
    return Journal()


def port_of(server: Parts, transport: Transport) -> int:
    """Return where ingest listens."""
    chosen = server.settings
    return chosen.http_port if transport == "http" else chosen.grpc_port


def spans(session: str) -> InMemorySpanExporter:
    """Return twenty finished spans of calls in a session."""
    finished = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(finished))
    for n in range(20):
        attributes = Call("", "", session, 7 * n, n).attributes()
        provider.get_tracer("agent").start_span("chat", attributes=attributes).end()
    return finished


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_an_exporter_got_acknowledged_over_a_bad_network_is_there_once(
    server: Parts, journal: Journal, transport: Transport, fault: Fault
):
    finished = spans(f"{transport} {fault}").get_finished_spans()
    with chaos(port_of(server, transport), fault) as proxy:
        client = Journaled(exporter(transport, proxy.port, TIMEOUT_S), journal, patient=True)
        assert client.export(finished) is SpanExportResult.SUCCESS
        client.shutdown()
    assert proxy.suffered[0] is fault
    server.settle()
    assert differences(journal, server.api) == []


def test_exporters_outlive_a_store_that_is_away_and_an_ingest_that_restarts_and_is_killed(
    server: Parts, journal: Journal
):
    faults = [Fault.TWICE, Fault.DEAF, Fault.CUT, Fault.DELAY, Fault.TWICE]
    with (
        chaos(port_of(server, "http"), *faults) as http,
        chaos(port_of(server, "grpc"), *faults) as grpc,
    ):
        agents = [
            Agent(exporter("http", http.port, SHORT_S), journal, patient=True),
            Agent(exporter("grpc", grpc.port, SHORT_S), journal, patient=True),
        ]
        with working(agents, pause_s=0.02):
            server.kill("store")
            server.wait_for_more(journal)
            server.start("store")
            server.stop("ingest")
            server.start("ingest")
            server.wait_for_more(journal)
            server.kill("ingest")
            server.start("ingest")
            server.wait_for_more(journal)
    server.settle()
    assert journal.acked == set(journal.sent)  # patient clients lose nothing at all
    assert differences(journal, server.api) == []
