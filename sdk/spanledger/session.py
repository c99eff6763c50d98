"""The session: an id, a user, tags and metadata that reach every span made inside it.

Lives in the OpenTelemetry context, so that it goes wherever that goes: tasks, executors, and as
W3C baggage to other services, as far as the allow-list of `configure(baggage=…)` permits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from opentelemetry import baggage
from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from spanledger import capture, health, live
from spanledger.guard import Guard, Limits
from spanledger_schema import attributes as ours

if TYPE_CHECKING:
    from spanledger.ask import Question

AGENT = contexts.create_key("spanledger-agent")
SESSION = contexts.create_key("spanledger-session")

SESSION_ID = "session.id"
USER_ID = "user.id"
UNLIMITED = (None,) * 5
Value = str | bool | int | float


class Session:
    """An open session."""

    __slots__ = ("always", "first", "guard", "id", "last_trace_id", "user")

    def __init__(
        self,
        session_id: str,
        user: str | None,
        tags: Sequence[str],
        metadata: Mapping[str, Any],
    ) -> None:
        self.id = session_id
        self.user = user
        self.always: dict[str, str] = {SESSION_ID: session_id}
        if user is not None:
            self.always[USER_ID] = user
        self.first: dict[str, Any] = {ours.METADATA + str(k): flat(v) for k, v in metadata.items()}
        if tags:
            self.first[ours.TAGS] = tuple(str(tag) for tag in tags)
        self.guard: Guard | None = None
        self.last_trace_id = 0  # of the trace that has tags and metadata already

    def stamp(self, trace_id: int) -> dict[str, Any]:
        """Return what a new span of a trace shall carry: tags and metadata once a trace."""
        if self.first and trace_id != self.last_trace_id:
            self.last_trace_id = trace_id
            return self.always | self.first
        return self.always


class SessionScope:
    """What `session()` returns: use it with `with` or `async with`."""

    def __init__(self, made: Session) -> None:
        self.session = made
        self._token: Token[Context] | None = None

    @property
    def id(self) -> str:
        """Return the id of the session."""
        return self.session.id

    @property
    def spent(self) -> Guard | None:
        """Return what the session used so far, or None where it has no limits."""
        return self.session.guard

    def __enter__(self) -> SessionScope:
        try:
            current = get_current_span()
            if current.is_recording():
                current.set_attributes(self.session.stamp(current.get_span_context().trace_id))
            self._token = contexts.attach(entered(self.session))
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("session", error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        if self._token is not None:
            try:
                self._token.var.reset(self._token)
            except (ValueError, RuntimeError) as problem:  # left in another task than entered
                health.swallowed("session", problem)
            self._token = None
        return False

    async def __aenter__(self) -> SessionScope:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        return self.__exit__(kind, error, trace)


def session(
    id: str | None = None,
    *,
    user: str | None = None,
    tags: Sequence[str] = (),
    metadata: Mapping[str, Value] | None = None,
    max_steps: int | None = None,
    max_tokens: int | None = None,
    max_usd: float | str | None = None,
    max_seconds: float | None = None,
    max_repeats: int | None = None,
    on_loop: Literal["warn", "stop"] = "warn",
) -> SessionScope:
    """Return a scope in which every span belongs to one session.

    Args:
        id: the session's id; a new one by default.
        user: who it is for.
        tags: words to find it by.
        metadata: what else to find it by.
        max_steps: calls, tool calls and nodes after which `BudgetExceeded` is raised.
        max_tokens: input and output tokens, likewise.
        max_usd: dollars at list prices, likewise.
        max_seconds: seconds since the session was opened, likewise.
        max_repeats: how often one tool may be called with the same arguments.
        on_loop: warn, or stop with `LoopDetected`, when it is called more often.
    """
    limited = (max_steps, max_tokens, max_usd, max_seconds, max_repeats) != UNLIMITED
    named = str(id) if isinstance(id, str | int) and id != "" else uuid4().hex
    person = str(user) if isinstance(user, str | int) else None
    made = Session(named, person, tags, metadata or {})
    if limited:
        limits = Limits.of(max_steps, max_tokens, max_usd, max_seconds, max_repeats, on_loop)
        made.guard = Guard(limits)
    return SessionScope(made)


def entered(made: Session) -> Context:
    """Return the current context with a session in it."""
    context = contexts.set_value(SESSION, made)
    run = live.runtime
    allowed = run.settings.baggage if run else ()
    for name, value in made.always.items():
        if name in allowed:
            context = baggage.set_baggage(name, value, context)
    return context


def session_in(context: Context | None) -> Session | None:
    """Return the session of a context, the current one by default."""
    found = (contexts.get_current() if context is None else context).get(SESSION)
    return found if isinstance(found, Session) else None


def guard_of(context: Context) -> Guard | None:
    """Return what limits the session of a context, if anything does."""
    found = context.get(SESSION)
    return found.guard if isinstance(found, Session) else None


def arrived(context: Context, allowed: Sequence[str]) -> dict[str, str]:
    """Return what baggage from another service says of the session, as far as it is believed."""
    told = baggage.get_all(context) if context else None  # of an empty one it would make a copy
    return {name: str(told[name])[:200] for name in allowed if name in told} if told else {}


def flat(value: object) -> Value:
    """Return metadata as an attribute: plain values as they are, others as JSON."""
    return value if isinstance(value, Value) else capture.text(value, 4096)


def question(context: Context, agent: str | None = None) -> Question:
    """Return what is known of a step: its session, user, tags, agent and service."""
    session, run = session_in(context), live.runtime
    told = run.settings if run else None
    known: dict[str, str | tuple[str, ...] | None] = {
        "session": session.id if session else None,
        "user": session.user if session else None,
        "tags": session.first.get(ours.TAGS) if session else None,
        "agent": agent or cast("str | None", context.get(AGENT)),
        "service": told.service if told else None,
        "environment": told.environment if told else None,
    }
    return tuple((name, value) for name, value in known.items() if value)
