"""Celery: a task runs in the session and under the span of whoever sent it.

Listens to Celery's own signals, in the process that sends and in the worker; needs no change of a
task. Celery is imported when it is called for.
"""

from contextlib import ExitStack
from typing import Any

from spanledger import health
from spanledger.carry import Carried, carried
from spanledger.configure import shutdown

HEADER = "spanledger"

_open: dict[str, ExitStack] = {}  # of tasks that run, by their id


def propagate(app: object = None) -> None:
    """Carry sessions into Celery tasks from now on; `app` is there to read well, signals are global."""
    from celery import signals

    signals.before_task_publish.connect(sent, dispatch_uid="spanledger")
    signals.task_prerun.connect(begun, dispatch_uid="spanledger")
    signals.task_postrun.connect(ended, dispatch_uid="spanledger")
    signals.worker_process_shutdown.connect(leaving, dispatch_uid="spanledger")


def sent(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Give a task that is being sent our place."""
    if headers is not None:
        headers[HEADER] = Carried.now().message()


def begun(task_id: str, task: Any, **_: object) -> None:
    """Enter the place of the sender before a task runs."""
    try:
        inside = ExitStack()
        inside.enter_context(carried(Carried.of(task.request.get(HEADER))))
        _open[task_id] = inside
    except Exception as error:  # noqa: BLE001 - the task shall run
        health.swallowed("celery", error)


def ended(task_id: str, **_: object) -> None:
    """Leave it."""
    if (inside := _open.pop(task_id, None)) is not None:
        inside.close()


def leaving(**_: object) -> None:
    """Send what a worker's process still has: it ends without Python's own exit."""
    shutdown()
