"""One trace's own account of what happened, to be compared with those of other traces.

Takes the facts of a trace and what they come to alone; answers which spans told of a call. Refuses
to know any other trace. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from spanledger_collector.reconcile import Verdict
from spanledger_collector.reconcile.trace import Fact
from spanledger_schema.span import CALLS

TraceKey = tuple[str, bytes]
Place = tuple[TraceKey, Fact]
Pair = tuple[Place, Place]


@dataclass(frozen=True)
class Account:
    """One trace's own account of what happened: its facts, and what they come to alone."""

    facts: Mapping[bytes, Fact]
    verdict: Verdict

    @cached_property
    def billed(self) -> frozenset[bytes]:
        """Return the spans that count, as a set."""
        return frozenset(self.verdict.billed)

    def stands_for(self, span_id: bytes) -> Fact | None:
        """Return the billed span that stands for a call, None when nothing of it is billed."""
        billed = self.verdict.same_as.get(span_id, span_id)
        return self.facts[billed] if billed in self.billed else None

    def telling(self, billed: Fact) -> list[Fact]:
        """Return the spans that told this trace of a call."""
        twins = (s for s, other in self.verdict.same_as.items() if other == billed.span_id)
        return [billed, *(self.facts[span_id] for span_id in twins)]

    def watchers(self, billed: Fact) -> set[tuple[str, str]]:
        """Return which libraries of which services told this trace of a call."""
        return {watcher(fact) for fact in self.telling(billed)}

    def responses(self, billed: Fact) -> set[str]:
        """Return the response ids of a call: none where nobody told one."""
        return {fact.response_id for fact in self.telling(billed)} - {""}

    def began_with(self, call: Fact) -> bool:
        """Tell whether a trace began with a call: nothing but spans of calls lies around it."""
        step, seen = call, {call.span_id}
        while step.parent_span_id in self.facts and step.parent_span_id not in seen:
            step = self.facts[step.parent_span_id]
            if step.kind not in CALLS:
                return False
            seen.add(step.span_id)
        return not step.parent_span_id


def watcher(fact: Fact) -> tuple[str, str]:
    """Return who recorded a span."""
    return fact.service, fact.scope
