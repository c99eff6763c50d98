"""What a detector is, what it gets to see and what it says: the plain values of all of them.

Times are UTC, money is Decimal dollars, None is unknown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Literal

Subject = Literal["session", "agent", "project"]


@dataclass(frozen=True, slots=True)
class Step:
    """One call, tool call or state change of a session."""

    kind: str
    agent: str = ""
    tool: str = ""
    arguments: str | None = None
    """Of a tool call, as canonical text; None where nobody recorded them."""
    error: str = ""
    """What it failed with, '' when it did not."""
    state: str = ""
    """The state that was reached."""
    input_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session that did something within the last hour."""

    project_id: str
    id: str
    agent: str = ""
    steps: int = 0
    """Calls and tool calls, from its beginning."""
    hour_usd: Decimal = Decimal(0)
    """What its calls of the last hour cost, those without a price left out."""
    hour_unpriced: int = 0
    tail: Sequence[Step] = ()
    """Its last steps, oldest first."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What one agent's calls of an hour come to."""

    calls: int = 0
    failed: int = 0
    unpriced: int = 0
    usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Pace:
    """An agent's last hour, and the same hour of the weeks before it, last week first."""

    project_id: str
    agent: str
    now: Hour
    before: Sequence[Hour] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """For how long a project has sent nothing, and what it sent in that stretch of earlier weeks."""

    project_id: str
    minutes: int
    before: Sequence[int] = ()
    """Traces in the same stretch, last week first."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How many steps 95 of 100 sessions of an agent stay below, and of how many that is known."""

    steps: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything there is to look at, at one moment."""

    at: datetime
    sessions: Sequence[Session] = ()
    paces: Sequence[Pace] = ()
    silences: Sequence[Silence] = ()
    usual: Mapping[tuple[str, str], Usual] = field(default_factory=dict)
    """By project and agent."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks wrong: `value` has come to `limit`; `said` puts it into words."""

    detector: str
    project_id: str
    subject: Subject
    name: str
    """Of the session or the agent, '' of a project."""
    value: Decimal
    limit: Decimal
    said: str
    at_least: bool = False
    """Whether calls without a price are not in the value."""


def short(value: Decimal) -> Decimal:
    """Return a share or a multiple as it is told; what it is compared with is the whole of it."""
    return value.quantize(Decimal("0.1"), ROUND_DOWN)


Limit = Callable[[str, str], Decimal | None]
"""Project and agent → from which value on to tell, None where it is muted."""


@dataclass(frozen=True, slots=True)
class Detector:
    """One rule: what it is called, what its value counts, from where on it tells, how it looks."""

    name: str
    title: str
    unit: str
    limit: Decimal
    look: Callable[[Seen, Limit], Iterator[Finding]]
