"""Whatever happens in whatever order: the spool and the totals against the plainest model of each."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.spool_machine import SpoolMachine

FEW = settings(
    max_examples=6, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_spool_holds_what_it_acknowledged_whatever_happens_to_it():
    run_state_machine_as_test(SpoolMachine, settings=FEW)
