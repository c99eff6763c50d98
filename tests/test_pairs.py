"""Two pairs of ingest and store on one ClickHouse server: whatever dies, what clients were told is true."""

from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from tests.agents import Agent, exporter, working
from tests.journal import Journal, differences
from tests.outage import clickhouse
from tests.parts import Parts, parts
from tests.serving import metrics

PAUSE_S = 0.5  # of an agent, between two traces of four calls
SHORT_S = 3  # of exporters: a server that starts again is asked soon
STORED = "spanledger_spans_stored_total"
FEW = 20  # calls more, until the next is killed


class Both(SpanExporter):
    """Sends everything to two servers; done is what both have acknowledged."""

    def __init__(self, *exporters: SpanExporter) -> None:
        self._exporters = exporters

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        results = [each.export(spans) for each in self._exporters]
        done = set(results) == {SpanExportResult.SUCCESS}
        return SpanExportResult.SUCCESS if done else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        for each in self._exporters:
            each.shutdown()


def agents_of(first: Parts, second: Parts, journal: Journal) -> list[Agent]:
    """Return an agent of each pair, and one that sends everything to both of them."""
    near = exporter("http", first.settings.http_port, SHORT_S)
    far = exporter("grpc", second.settings.grpc_port, SHORT_S)
    both = Both(
        exporter("http", first.settings.http_port, SHORT_S),
        exporter("http", second.settings.http_port, SHORT_S),
    )
    return [Agent(each, journal, patient=True) for each in (near, far, both)]


def survive(victim: Parts, journal: Journal, *roles: str) -> None:
    """Kill parts of a pair under load and start them again."""
    victim.kill(*roles)
    victim.start(*roles)
    victim.wait_for_more(journal, FEW)


def test_two_pairs_count_every_call_once_whoever_of_them_dies(tmp_path: Path):
    journal = Journal()
    folders = [tmp_path / name for name in ("clickhouse", "first", "second")]
    for folder in folders:
        folder.mkdir()
    with (
        clickhouse(folders[0]) as store,
        parts(folders[1], store=store.dsn) as first,
        parts(folders[2], store=store.dsn) as second,
    ):
        with working(agents_of(first, second, journal), PAUSE_S):
            first.wait_for_more(journal, FEW)
            survive(first, journal, "store")
            survive(second, journal, "ingest", "store")
        pairs = first, second
        for pair in pairs:
            pair.settle()
        stored = sum(metrics(pair.settings.url(pair.settings.api_port))[STORED] for pair in pairs)
        assert stored > len(journal.sent)  # some came to both
        assert [differences(journal, pair.api) for pair in pairs] == [[], []]
        assert first.spool_is_sound()
        assert second.spool_is_sound()
