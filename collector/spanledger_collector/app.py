"""The store process: owns the database, drains the spools into it, answers queries.

Wires the stages together and stops them in order. The engine lives in this process alone; when it
crashes, ingest goes on acknowledging and the supervisor starts this one again.
"""

import gc
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from spanledger_collector import (
    arrow,
    keychest,
    spoolwork,
)
from spanledger_collector.access import Door, nobody
from spanledger_collector.api import resources
from spanledger_collector.api.application import create_app
from spanledger_collector.budgets.answers import alert_path
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
from spanledger_collector.mending import Mender
from spanledger_collector.moments import rfc3339
from spanledger_collector.parts import Parts
from spanledger_collector.places import Most
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.process import Refused
from spanledger_collector.serving import Server
from spanledger_collector.settings import Settings
from spanledger_collector.signins import signins
from spanledger_collector.spool import Cursor, Reader, SpoolUnreadable, of_worker, spools
from spanledger_collector.spoolwork import Spools, Yard
from spanledger_collector.store import ClickHouseError, Store

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 60.0
COLLECT_EVERY = (10_000, 100, 10)
"""Allocations, and collections, between two of each age. A round makes a hundred thousand objects and
hardly a cycle among them, so all of them are looked at seldom; the new ones in small lots, because whoever
asks waits for a lot: of 100,000 that was 20 ms."""
SWITCH_S = 0.0005  # a request waits so long for a drain that computes, not the interpreter's 5 ms
STATE_EVERY_S = 1.0
PARTS_EVERY_S = 10.0
SHARED_EVERY_S = 5.0  # how late prices and keys take effect in other processes on one server


class Draining(threading.Thread):
    """Drains every spool of the data folder, also those that appear while it runs.

    The one thread that writes: between two rounds it does what others handed over. A store that
    is away is asked again, ever less often, for as long as it takes.
    """

    def __init__(self, store: Store, book: Pricebook, settings: Settings) -> None:
        super().__init__(name="drain")
        self.parts = Parts(store, settings.data / "store.parts")
        self._settings = settings
        most = Most(settings.max_models_per_day, settings.max_tags_per_day)
        self._drain = Drain(store, book, settings.drain_spans, settings.estimate, most)
        if self.parts.lost:
            self._drain.doubt_rows()
        self.handover = Handover(self._drain)
        self.budgets = Evaluator(store, Board(board_file(settings.data)))
        self.prover = Prover(store, settings.alert_proof_s, expected=bool(settings.channels))
        self.warden = Warden(store)
        self._spools: dict[Path, tuple[Reader, Cursor]] = {}
        self._stopping = threading.Event()
        self._state_due_s = self._shared_due_s = self._parts_due_s = 0.0
        self.tally: Counter[str] = Counter()
        self.pending: Counter[str] = Counter()
        self.capped_days = 0  # a project's, a dimension each, whose totals have no place left
        self.unreadable: set[Path] = set()
        self.looked = False  # into every spool at least once: before that nothing is known
        self.failing_since_s: float | None = None

    def run(self) -> None:
        """Drain until told to stop."""
        pause_s = 1.0
        while not self._stopping.is_set():
            try:
                drained = self._round()
            except Exception:  # whatever stops a round, the spool keeps it and we must go on
                log.exception("a round was not stored; trying again in %.0f s", pause_s)
                self.failing_since_s = self.failing_since_s or time.monotonic()
                self.handover.take(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            pause_s, self.failing_since_s = 1.0, None
            self._evaluate(news=drained > 0)
            self.handover.take(0 if self._drain.behind else self._settings.drain_wait_s)

    def _round(self) -> int:
        """Take one round from every spool; return how many batches that were."""
        self._note_shared()
        for path in spools(self._settings.spool_dir):
            if path not in self._spools:
                self._spools[path] = Reader(path), Cursor(path)
                self._note_left_over(path)
        drained = sum(self._drained(path) for path in self._spools)
        if not drained:
            self._drain.settle()
        if not drained or time.monotonic() > self._state_due_s:
            self._note_state()
        return drained

    def _drained(self, path: Path) -> int:
        """Take one round from a spool; one that cannot be read does not hold the others up."""
        try:
            drained = self._drain.step(*self._spools[path])
        except SpoolUnreadable:
            if path not in self.unreadable:
                log.exception("a spool cannot be read on; the others are drained")
            self.unreadable.add(path)
            return 0
        self.unreadable.discard(path)
        return drained

    def _note_left_over(self, path: Path) -> None:
        """Say that nobody writes a spool any more: there were more ingest workers once."""
        workers = self._settings.ingest_workers
        if path not in [of_worker(path.parent, number + 1) for number in range(workers)]:
            log.info("%s is left over: no ingest worker writes it; it is drained and kept", path)

    def _evaluate(self, news: bool) -> None:
        """Look at the budgets, and for what looks wrong. Neither may keep spans from being stored."""
        for each in (self.budgets, self.prover, self.warden):
            try:
                each.run_if_due(news)
            except Exception:
                log.exception("%s gave up; trying again after the next round", type(each).__name__)

    def _note_state(self) -> None:
        """Note how things stand, for other threads to read: the files belong to this one."""
        self._state_due_s = time.monotonic() + STATE_EVERY_S
        both = self._spools.values()
        self.tally = sum((cursor.tally() for _, cursor in both), Counter())
        readable = [of for path, of in self._spools.items() if path not in self.unreadable]
        self.pending = sum((r.pending(c.position()) for r, c in readable), Counter())
        self.looked = True
        if time.monotonic() > self._parts_due_s:
            self._parts_due_s = time.monotonic() + PARTS_EVERY_S
            self.capped_days = next(self._drain.store.rows("closed_days"))["days"]
            self.parts.note()

    def _note_shared(self) -> None:
        """Take prices and keys over that another process put into a shared store."""
        if not self._drain.store.exclusive and time.monotonic() > self._shared_due_s:
            self._shared_due_s = time.monotonic() + SHARED_EVERY_S
            self._drain.lifetimes.reload()
            self._drain.erased.reload()
            self._drain.book = own_prices.book(self._drain.store, self._drain.book)
            keychest.hand_over(self._drain.store, keys_file(self._settings.data), time.time_ns())
            self.budgets.reload()
            self.prover.reload()
            self.warden.reload()

    def spools(self) -> Spools:
        """Return the spools that are drained, by name. For the thread that drains them."""
        return {path.name: both for path, both in self._spools.items()}

    def accounts(self) -> list[Account]:
        """Return what each spool says of itself and what the store says of it, at one moment."""
        return self.handover.do(
            lambda _: [a for path, both in self._spools.items() for a in accounts(path, *both)]
        )

    def stop(self) -> None:
        """Finish the round at hand, then let go of the spools."""
        self._stopping.set()
        self.handover.wake()
        self.join()
        self.handover.close()
        self._note_parts_at_last()
        self.budgets.close()
        for reader, cursor in self._spools.values():
            reader.close()
            cursor.close()

    def _note_parts_at_last(self) -> None:
        try:
            self.parts.note()
        except ClickHouseError:
            log.exception("could not note the parts of the store; the last note holds")


def state(store: Store, draining: Draining, degraded: Sequence[str]) -> dict[str, Any]:
    """Return how the store process is doing, for `/readyz`; `degraded` says what it has lost."""
    fresh = next(store.rows("freshness"))
    return {
        "ready": draining.is_alive() and draining.looked and draining.failing_since_s is None,
        "store": "chdb" if store.exclusive else "clickhouse",
        "span_rows": fresh["span_rows"],
        "last_received_at": rfc3339(fresh["last_received_ns"]) if fresh["span_rows"] else None,
        "pending": {signal: draining.pending[signal] for signal in ("traces", "logs")},
        "quarantined": draining.tally["quarantined_traces"] + draining.tally["quarantined_logs"],
        "degraded": degraded,
        "alert_path": alert_path(draining.prover),
    }


def counters(draining: Draining) -> dict[str, float]:
    """Return the figures of `/metrics`, by Prometheus name."""
    tally, pending = draining.tally, draining.pending
    return {
        "spanledger_spans_stored_total": tally["stored"],
        "spanledger_spans_duplicate_total": tally["duplicates"],
        "spanledger_spans_dropped_total": tally["dropped_traces"],
        "spanledger_spans_pending": pending["traces"],
        "spanledger_spans_quarantined": tally["quarantined_traces"],
        "spanledger_cardinality_capped_days": draining.capped_days,
        "spanledger_spools_unreadable": len(draining.unreadable),
        "spanledger_alert_path_overdue": draining.prover.overdue,
        "spanledger_log_records_stored_total": tally["records"],
        "spanledger_log_records_unlinked_total": tally["unlinked"],
        "spanledger_log_records_dropped_total": tally["dropped_logs"],
        "spanledger_log_records_pending": pending["logs"],
        "spanledger_log_records_quarantined": tally["quarantined_logs"],
    }


def hand_keys_over(store: Store, settings: Settings) -> None:
    """Write the keys where ingest finds them.

    Raises:
        Refused: other machines can reach us, and there is no key by which to know anybody.
    """
    live = keychest.hand_over(store, keys_file(settings.data), time.time_ns())
    if settings.keys_demanded and not live:
        store.close()
        raise Refused(
            f"listening on {settings.host} takes API keys and there are none; make one with"
            " `spanledger keys create`, or give --keys optional"
        )


def query_api(settings: Settings, door: Door, draining: Draining, mender: Mender) -> FastAPI:
    """Return the query API over everything that this process does."""
    store, degraded = mender.store, mender.degraded
    app = create_app(
        store, lambda: state(store, draining, degraded()), lambda: counters(draining), door
    )
    resources.mount(
        app,
        Desk(store, draining.handover, draining.accounts),
        draining.budgets,
        draining.prover,
        draining.warden,
        mender.yard,
        keys_file(settings.data),
        degraded,
        lambda: spoolwork.forwarded(settings.spool_dir, settings.forward),
    )
    return app


def serve(settings: Settings) -> int:
    """Run the store process until it is told to stop; return its exit code."""
    gc.set_threshold(*COLLECT_EVERY)
    sys.setswitchinterval(SWITCH_S)
    arrow.do_without_pandas()
    people = signins(settings)
    door = Door(
        KeyFile(keys_file(settings.data)),
        settings.keys_demanded,
        people.caller if people else nobody,
    )
    store = Store(
        settings.store, cluster=settings.cluster, memory_bytes=settings.store_memory_bytes
    )
    hand_keys_over(store, settings)
    draining = Draining(store, own_prices.book(store), settings)
    draining.start()
    mender = Mender(store, draining.parts, Yard(draining.handover, draining.spools))
    mender.start()
    config = uvicorn.Config(
        query_api(settings, door, draining, mender),
        host=settings.host,
        port=settings.api_port,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(settings.stop_s),
    )
    gc.freeze()  # what is there by now stays: looking at all of it took a fifth of a second each time
    try:
        Server(config).run_until_stopped()
    finally:
        draining.stop()
        store.close()
    return 0
