"""A small state machine that records its transitions, and refuses those that are not declared."""

import threading
from collections.abc import Iterable, Mapping

from spanledger.marks import state


class TransitionRefused(ValueError):
    """A state cannot be reached from the present one."""


class StateMachine:
    """One thing that is in one state at a time.

    order = StateMachine("order", "received", {"received": {"paid", "cancelled"}})
    order.to("paid", reason="card charged")
    """

    def __init__(
        self, name: str, initial: str, transitions: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        """Take the transitions that are allowed, by state; all are where there is no table."""
        self.name = name
        self._state = initial
        self._allowed = {s: frozenset(to) for s, to in transitions.items()} if transitions else None
        self._lock = threading.RLock()

    @property
    def state(self) -> str:
        """Return the present state."""
        return self._state

    def can(self, to: str) -> bool:
        """Tell whether a state may be entered now."""
        return self._allowed is None or to in self._allowed.get(self._state, ())

    def to(self, new: str, *, reason: str | None = None) -> None:
        """Enter a state and record it.

        Raises:
            TransitionRefused: the table does not have it; the state is what it was.
        """
        with self._lock:
            if not self.can(new):
                raise TransitionRefused(f"{self.name}: {self._state} → {new} is not allowed")
            before, self._state = self._state, new
        state(before, new, reason=reason, of=self.name)
