"""Every resource of the query API, mounted on one app: a new one is mounted here, and is everywhere."""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from spanledger_collector.api import (
    alerts,
    approvals,
    budgets,
    decide,
    detectors,
    export,
    keys,
    ledger,
    privacy,
    projects,
    shares,
    spool,
    tables,
    views,
)
from spanledger_collector.approvals.counter import Counter
from spanledger_collector.budgets.evaluate import Evaluator
from spanledger_collector.budgets.office import Office
from spanledger_collector.budgets.postroom import Postroom
from spanledger_collector.budgets.proof import Prover
from spanledger_collector.detectors.warden import Tuner, Warden
from spanledger_collector.ledger.desk import Desk
from spanledger_collector.spoolwork import Yard
from spanledger_schema.api_spool import Forwarded


def mount(
    app: FastAPI,
    desk: Desk,
    evaluator: Evaluator,
    prover: Prover,
    warden: Warden,
    yard: Yard,
    keys_file: Path,
    degraded: Callable[[], list[str]] = list,
    forwarded: Callable[[], list[Forwarded]] = list,
) -> None:
    """Add every resource to the app.

    Args:
        app: the app.
        desk: what is to be written goes over it.
        evaluator: of the budgets.
        prover: of the way of an alert.
        warden: of what looks wrong.
        yard: the spools, and what is set aside of them.
        keys_file: where ingest looks for the keys.
        degraded: says what the store has lost.
        forwarded: says what was passed on to others.
    """
    tables.mount(app)
    export.mount(app)
    ledger.mount(app, desk)
    budgets.mount(app, Office(desk, evaluator), prover)
    decide.mount(app)
    approvals.mount(app, Counter(desk))
    alerts.mount(app, Postroom(desk, evaluator, prover))
    detectors.mount(app, Tuner(desk, warden))
    spool.mount(app, yard, degraded, forwarded)
    keys.mount(app, keys_file)
    projects.mount(app)
    shares.mount(app)
    views.mount(app)
    privacy.mount(app)
