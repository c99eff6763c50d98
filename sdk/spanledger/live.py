"""What `configure()` made, for everything that runs afterwards.

`now()` is None before `configure` and after `shutdown`, and then every decorator is a mere call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    from spanledger.ask import Decider
    from spanledger.export.worker import Exporter
    from spanledger.settings import Settings


@dataclass(slots=True)
class Runtime:
    """A configured SDK."""

    settings: Settings
    provider: TracerProvider
    tracer: Tracer
    exporter: Exporter
    owned: bool
    """We made the TracerProvider; False: we joined that of the application."""
    silent: bool
    """Nothing is recorded at all: no trace is in the sample."""
    decider: Decider | None = None
    """Says whether a step may be taken; None: nobody is asked."""


runtime: Runtime | None = None


def now() -> Runtime | None:
    """Return the configured SDK, or None."""
    return runtime


def become(made: Runtime | None) -> None:
    """Let a configured SDK, or none, be the one in force."""
    global runtime
    runtime = made
