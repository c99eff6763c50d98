"""Limits of a session, held in the process: steps, tokens, dollars, seconds, repeated tool calls.

Steps come in as they begin, usage as it is told; past a limit `BudgetExceeded` is raised at the
next boundary, and at every one after it. Dollars are list prices of the shipped rates: a call that
they do not know is counted apart and warned of.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from spanledger import capture, health
from spanledger.kinds import STEPS, Shape

TOOL_BYTES = 4096  # of arguments that are compared
MOST_TOOLS = 1_000  # different calls that are remembered


class BudgetExceeded(Exception):
    """A limit of the session is reached. `limit` names it, `used` is what was used of it.

    Where the server refuses, `limit` is "budget" or "stop", and its reason is all that is known.
    """

    def __init__(self, limit: str, used: object, allowed: object, reason: str = "") -> None:
        super().__init__(reason or f"{limit}: {used} of {allowed} used; the session stops here")
        self.limit = limit
        self.used = used
        self.allowed = allowed


class LoopDetected(BudgetExceeded):
    """One tool was called with the same arguments more often than `max_repeats` allows."""


class Stopped(BudgetExceeded):
    """An operator has stopped the session, its user, the agent or the project."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a session may use; None is no limit."""

    steps: int | None = None
    tokens: int | None = None
    usd: Decimal | None = None
    seconds: float | None = None
    repeats: int | None = None
    on_loop: Literal["warn", "stop"] = "warn"

    @classmethod
    def of(
        cls,
        steps: int | None,
        tokens: int | None,
        usd: float | str | None,
        seconds: float | None,
        repeats: int | None,
        on_loop: Literal["warn", "stop"],
    ) -> "Limits":
        """Return limits as they were given; raise ValueError where dollars are no number."""
        try:
            money = None if usd is None else Decimal(str(usd))
        except InvalidOperation:
            raise ValueError(f"max_usd: {usd!r} is no amount of dollars") from None
        return cls(steps, tokens, money, seconds, repeats, on_loop)


class Guard:
    """What one session used so far."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.steps = 0
        self.tokens = 0
        self.usd = Decimal(0)
        self.unpriced = 0
        """Calls whose dollars the shipped rates do not know."""
        self._clock = clock
        self._since = clock()
        self._repeats: Counter[tuple[str, str]] = Counter()
        self._lock = threading.RLock()

    @property
    def seconds(self) -> float:
        """Return how long the session is open."""
        return self._clock() - self._since

    def step(self, shape: Shape, given: Callable[[], object] | None) -> None:
        """Count a step that is about to begin; raise BudgetExceeded where it must not."""
        self.check()
        if shape.kind in STEPS:
            self.count(1)
        if shape.kind == "tool" and self.limits.repeats is not None:
            self.repeat(shape.name, capture.text(given(), TOOL_BYTES) if given else "")

    def count(self, steps: int) -> None:
        """Count steps; raise BudgetExceeded where there are none left."""
        limit = self.limits.steps
        with self._lock:
            if limit is not None and self.steps + steps > limit:
                raise BudgetExceeded("max_steps", self.steps, limit)
            self.steps += steps

    def check(self) -> None:
        """Raise BudgetExceeded where tokens, dollars or seconds are used up."""
        limits = self.limits
        if limits.tokens is not None and self.tokens >= limits.tokens:
            raise BudgetExceeded("max_tokens", self.tokens, limits.tokens)
        if limits.usd is not None and self.usd >= limits.usd:
            raise BudgetExceeded("max_usd", self.usd, limits.usd)
        if limits.seconds is not None and self.seconds >= limits.seconds:
            raise BudgetExceeded("max_seconds", round(self.seconds, 3), limits.seconds)

    def repeat(self, tool: str, arguments: str) -> None:
        """Count a tool call; warn or raise LoopDetected where it was made too often."""
        limit = self.limits.repeats
        key = (tool, arguments)
        with self._lock:
            if len(self._repeats) >= MOST_TOOLS and key not in self._repeats:
                self._repeats.clear()
            self._repeats[key] += 1
            made = self._repeats[key]
        if limit is None or made <= limit:
            return
        if self.limits.on_loop == "stop":
            raise LoopDetected(f"max_repeats of tool {tool}", made - 1, limit)
        health.warn(
            f"loop {tool}", "spanledger: tool %s was called %d times with the same arguments",
            tool, made,
        )  # fmt: skip

    def used(self, attributes: Mapping[str, Any]) -> None:
        """Count the usage that a span reports by the GenAI conventions or OpenInference."""
        from spanledger.rates import cost  # the table is read when it is first needed

        spent = cost(attributes)
        if spent is None:
            return
        with self._lock:
            self.tokens += spent.tokens
            if spent.usd is not None:
                self.usd += spent.usd
            elif spent.tokens:
                self.unpriced += 1
        if spent.usd is None and self.limits.usd is not None:
            health.warn(
                f"unpriced {spent.model}",
                "spanledger: no price is known for model %s: max_usd does not see its calls",
                spent.model,
            )
