"""Whatever happens in whatever order: the spool and the totals against the plainest model of each."""

from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from spanledger_collector.store import Store
from tests.pipeline import running
from tests.rollup_machine import rolling
from tests.spool_machine import SpoolMachine

FEW = settings(
    max_examples=3,
    stateful_step_count=12,
    deadline=None,
    phases=[Phase.generate],  # `make fuzz` looks for the shortest way to a fault
    suppress_health_check=list(HealthCheck),
)


def test_a_spool_holds_what_it_acknowledged_whatever_happens_to_it():
    run_state_machine_as_test(SpoolMachine, settings=FEW)


def test_totals_are_the_sum_of_their_spans_whatever_happens_to_them(
    embedded: Store, tmp_path: Path
):
    with running(embedded, tmp_path) as pipeline:
        run_state_machine_as_test(rolling(pipeline), settings=FEW)
