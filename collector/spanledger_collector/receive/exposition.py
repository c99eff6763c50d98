"""The figures of ingest in Prometheus' text format.

Sums over the life of all spools, so they go on after a restart and are the same whichever worker is
asked: for each signal, received = rejected + spooled, and what the store process shows as stored,
pending and quarantined adds up to what was spooled. What is not durable (refused requests, dropped
metric points) counts from the start of a worker, which is named where there are several.
"""

from collections.abc import Iterator
from itertools import chain

from spanledger_collector.decode.wire import Signal
from spanledger_collector.receive.intake import Intake
from spanledger_collector.spool import Stats, stats_of_all

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
ITEMS: dict[Signal, str] = {"traces": "spans", "logs": "log_records"}


def exposition(intake: Intake, worker: int = 0) -> str:
    """Return every figure, a line each; `worker` is our number among several, 0 when alone."""
    lines = chain(_durable(stats_of_all(intake.spool)), _since_start(intake, worker))
    return "".join(f"{line}\n" for line in lines)


def _durable(stats: Stats) -> Iterator[str]:
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
    yield "# TYPE spanledger_spool_used_bytes gauge"
    yield f"spanledger_spool_used_bytes {stats.used_bytes}"
    yield "# TYPE spanledger_spools_unreadable gauge"
    yield f"spanledger_spools_unreadable {stats.unreadable}"


def _since_start(intake: Intake, worker: int) -> Iterator[str]:
    whose = f'worker="{worker}"' if worker else ""
    labels = f"{{{whose}}}" if worker else ""
    yield from _counter("spanledger_metric_points_dropped_total", {labels: intake.dropped_points})
    yield from _counter("spanledger_decisions_unanswered_total", {labels: intake.undecided})
    rest = f",{whose}" if worker else ""
    refused = {f'{{code="{code}"{rest}}}': n for code, n in sorted(intake.refused.items())}
    yield from _counter("spanledger_requests_refused_total", refused)


def _counter(name: str, values: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} counter"
    for labels, value in values.items():
        yield f"{name}{labels} {value}"
