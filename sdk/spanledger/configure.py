"""`configure()`: settings in, a running SDK out. `flush()` and `shutdown()` see it to its end.

Joins the application's TracerProvider where there is one, else makes one and gives it to all other
instrumentations. Opens no socket and starts no thread: the first span does.
"""

import atexit
import threading
from collections.abc import Mapping, Sequence

from spanledger import children, health, live
from spanledger.export.delivery import Delivery
from spanledger.settings import (
    Capture,
    Foreign,
    Guarding,
    Mask,
    Protocol,
    SettingInvalid,
    Settings,
    settings,
)

_one_at_a_time = threading.RLock()


def configure(
    endpoint: str | None = None,
    key: str | None = None,
    service: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    *,
    protocol: Protocol | None = None,
    capture: Capture | None = None,
    mask: Mask | None = None,
    sample: float | None = None,
    keep_usage: bool | None = None,
    instrument: str | Sequence[str] | None = None,
    foreign: Foreign | None = None,
    baggage: Sequence[str] | None = None,
    threads: bool | None = None,
    headers: Mapping[str, str] | None = None,
    guard: Guarding | None = None,
    guard_url: str | None = None,
    spool: str | None = None,
    strict: bool = False,
    **limits: float,
) -> None:
    """Begin to record. What is not said comes from `SPANLEDGER_*`, then `OTEL_*` variables.

    Args:
        endpoint: where the server takes OTLP, `http://127.0.0.1:4318` by default.
        key: the API key, where the server wants one.
        service: the name of this application.
        environment: production, staging, …
        release: the version of this application.
        protocol: "http", or "grpc" with the extra `spanledger[grpc]`.
        capture: keep arguments and results: True, "shape" (types and sizes alone) or False.
        mask: returns a text without what must not leave the process; runs before anything leaves.
        sample: the share of traces that is recorded, 0 to 1.
        keep_usage: send the calls of the other traces too, without content.
        instrument: "auto" or the libraries to instrument.
        foreign: which spans of other instrumentations to send: "llm", "all" or "none".
        baggage: what of a session goes to other services, and is believed of them.
        threads: carry session and span into threads and thread pools.
        headers: further headers of each request.
        guard: ask the server before each step; where no answer comes go on ("open") or stop ("closed").
        spool: a folder that keeps batches while the server is away; none by default.
        guard_url: its query API, asked for approvals, and by the guard where `endpoint` knows no
            budgets; `http://127.0.0.1:4320` by default.
        strict: raise on a bad setting instead of warning and recording nothing.
        limits: any other field of `spanledger.settings.Settings`.

    Raises:
        SettingInvalid: a setting will not do, and `strict` is True.
    """
    told = {
        "endpoint": endpoint, "key": key, "service": service, "environment": environment,
        "release": release, "protocol": protocol, "capture": capture, "mask": mask,
        "sample": sample, "keep_usage": keep_usage, "foreign": foreign,
        "baggage": None if baggage is None else tuple(baggage), "threads": threads,
        "headers": headers, "guard": guard, "guard_url": guard_url,
        "spool": spool, **limits,
    }  # fmt: skip
    try:
        with _one_at_a_time:
            begun(settings(told), instrument)
    except (SettingInvalid, TypeError, ValueError) as error:
        if strict:
            raise SettingInvalid(str(error)) from error
        health.log.warning("spanledger: %s; nothing is recorded", error)
    except Exception as error:
        if strict:
            raise
        health.log.warning("spanledger: %s; nothing is recorded", type(error).__name__)


def begun(told: Settings, instrument: str | Sequence[str] | None) -> None:
    """Let settings be in force."""
    from spanledger import start  # the OpenTelemetry SDK is loaded when it is needed

    before = live.runtime
    if before is not None:
        start.ended(before, told.shutdown_s)
        live.become(None)
    if told.disabled:
        return
    live.become(start.started(told, before))
    atexit.register(at_exit)
    children.see_out(at_exit)
    if instrument:
        from spanledger.instrument import instrument as begin  # type: ignore[import-not-found,unused-ignore]

        begin(instrument)


def flush(timeout_s: float = 10.0) -> Delivery:
    """Return what was delivered once everything is, or `timeout_s` is over; never raises."""
    run = live.runtime
    return Delivery() if run is None else run.exporter.flush(timeout_s)


def shutdown(timeout_s: float | None = None) -> Delivery:
    """Send what there is and record nothing more; return what was delivered."""
    from spanledger import start

    with _one_at_a_time:
        run = live.runtime
        if run is None:
            return Delivery()
        live.become(None)
        atexit.unregister(at_exit)
        return start.ended(run, run.settings.shutdown_s if timeout_s is None else timeout_s)


def at_exit() -> None:
    """Give the last batch its time when the process ends; a second Ctrl-C ends that at once."""
    try:
        shutdown()
    except KeyboardInterrupt:
        live.become(None)
