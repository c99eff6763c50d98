"""The figures of ingest in Prometheus' text format.

Sums over the life of the spool, so they go on after a restart: for each signal, received =
rejected + spooled, and what the store process shows as stored, pending and quarantined adds up to
what was spooled. What is not durable (refused requests, dropped metric points) counts from the start.
"""

from collections.abc import Iterator

from spanledger_collector.decode.wire import Signal
from spanledger_collector.receive.intake import Intake

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
ITEMS: dict[Signal, str] = {"traces": "spans", "logs": "log_records"}


def exposition(intake: Intake) -> str:
    """Return every figure, a line each."""
    return "".join(f"{line}\n" for line in _lines(intake))


def _lines(intake: Intake) -> Iterator[str]:
    stats = intake.spool.stats()
    for signal, items in ITEMS.items():
        prefix = f"spanledger_{items}"
        yield from _counter(f"{prefix}_received_total", {"": stats.received(signal)})
        rejected = {c: n for (of, c), n in stats.rejected.items() if of == signal}
        reasons = {f'{{reason="{code}"}}': n for code, n in sorted(rejected.items())}
        yield from _counter(f"{prefix}_rejected_total", reasons)
        yield from _counter(f"{prefix}_spooled_total", {"": stats.items[signal]})
    lost = {f'{{reason="{code}"}}': n for code, n in sorted(stats.lost.items())}
    yield from _counter("spanledger_client_spans_lost_total", lost)
    batches = {f'{{signal="{signal}"}}': n for signal, n in sorted(stats.batches.items())}
    yield from _counter("spanledger_batches_spooled_total", batches)
    yield from _counter("spanledger_bytes_spooled_total", {"": stats.bytes.total()})
    yield from _counter("spanledger_metric_points_dropped_total", {"": intake.dropped_points})
    refused = {f'{{code="{code}"}}': n for code, n in sorted(intake.refused.items())}
    yield from _counter("spanledger_requests_refused_total", refused)
    yield "# TYPE spanledger_spool_used_bytes gauge"
    yield f"spanledger_spool_used_bytes {stats.used_bytes}"


def _counter(name: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} counter"
    for labels, value in values.items():
        yield f"{name}{labels} {value}"
