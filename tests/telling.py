"""`watch` as a process of its own that dies at a named step of telling, as a machine that fails would."""

import os
import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from spanledger_collector.settings import Settings
from spanledger_ui.alerts import errands
from spanledger_ui.alerts import watch as process
from spanledger_ui.client.alerts import Alerts


class Step(StrEnum):
    """Every step of telling an alert, in order."""

    HEARD = "watch_heard"  # it is known what to tell; nobody was told yet
    TOLD = "watch_told"  # a channel was told; nothing says so yet
    NOTED = "watch_noted"  # the store knows


def serve(settings: Settings, points: Path) -> None:
    """Deliver alerts, and die at the step that `points` names, whenever it names one."""

    def dying(step: Step, done: Callable[..., Any]) -> Callable[..., Any]:
        def work(*args: Any) -> Any:
            found = done(*args)
            if found != [] and points.exists() and points.read_text() == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return work

    process.PAUSE_S = 0.05
    # a frozen class, and a module whose names are looked up when they are called
    Alerts.errands = dying(Step.HEARD, Alerts.errands)  # type: ignore[method-assign]
    Alerts.note_delivery = dying(Step.NOTED, Alerts.note_delivery)  # type: ignore[method-assign]
    errands.outcome = dying(Step.TOLD, errands.outcome)
    process.watch(settings.url(settings.api_port), Path(settings.channels))()
