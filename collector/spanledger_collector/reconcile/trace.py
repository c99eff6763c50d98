"""One trace as reconciliation sees it: narrow facts, and who is whose parent.

Takes facts in any order, however many have arrived. Knows ancestry and nearness to the root;
refuses to know what a span cost or what it was about.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Fact:
    """What reconciliation and totals need to know of one span; one row of `spans`, narrowed."""

    span_id: bytes
    parent_span_id: bytes  # empty: a root
    ver: int
    kind: str
    name: str
    status: str
    start_ns: int
    end_ns: int | None  # None: not ended
    scope: str = ""
    dialect: str = ""
    session_id: str = ""
    session_rank: int = 99
    user_id: str = ""
    trace_name: str = ""
    tags: tuple[str, ...] = ()
    service: str = ""
    environment: str = ""
    agent: str = ""
    node: str = ""
    node_run: str = ""
    tool: str = ""
    error_type: str = ""
    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    usage_role: str = ""
    usage_state: str = "absent"
    usage_source: str = "none"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: Decimal | None = None
    cost_source: str = ""
    price_status: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a log record knows about its trace and no span says."""

    span_id: bytes
    session_id: str = ""
    session_rank: int = 99
    user_id: str = ""


class Tree:
    """The spans of a trace with their ancestry; survives missing parents, cycles and resends."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        latest: dict[bytes, Fact] = {}
        for fact in facts:
            known = latest.get(fact.span_id)
            if known is None or (fact.ver, repr(fact)) > (known.ver, repr(known)):
                latest[fact.span_id] = fact
        self.by_id = latest
        self.order = sorted(latest.values(), key=lambda f: (f.start_ns, f.span_id))
        self.depth: dict[bytes, int] = {}
        for fact in self.order:
            self._measure(fact)
        self.order.sort(key=lambda f: (f.start_ns, self.depth[f.span_id], f.span_id))
        self.outward = sorted(self.order, key=self.nearness)  # those nearest to the root first
        roots = [f for f in self.order if not f.parent_span_id]
        self.tops = roots or [f for f in self.order if self.parent(f) is None]

    def _measure(self, fact: Fact) -> None:
        """Give a span and its ancestors their depth: 0 for a root, 1 where the parent is unseen."""
        path: list[Fact] = []
        seen: set[bytes] = set()
        step: Fact | None = fact
        while step is not None and step.span_id not in self.depth and step.span_id not in seen:
            path.append(step)
            seen.add(step.span_id)
            step = self.by_id.get(step.parent_span_id)
        if step is not None and step.span_id in self.depth:
            depth = self.depth[step.span_id] + 1
        else:
            depth = 1 if path[-1].parent_span_id else 0
        for member in reversed(path):
            self.depth[member.span_id] = depth
            depth += 1

    def parent(self, fact: Fact) -> Fact | None:
        """Return the parent of a span if it has arrived; a cycle is cut where it was entered."""
        parent = self.by_id.get(fact.parent_span_id)
        if parent is None or self.depth[parent.span_id] >= self.depth[fact.span_id]:
            return None
        return parent

    def ancestors(self, fact: Fact) -> Iterator[Fact]:
        """Yield the parent of a span, then its parent, up to the topmost that has arrived."""
        step = self.parent(fact)
        while step is not None:
            yield step
            step = self.parent(step)

    def nearest(self, says: Callable[[Fact], str]) -> str:
        """Return what the span nearest to the root says, of those that say anything; else ''."""
        return next(filter(None, map(says, self.outward)), "")

    def nearness(self, fact: Fact) -> tuple[int, int, bytes]:
        """Return the key that sorts spans by their distance to the root, then by start."""
        return self.depth[fact.span_id], fact.start_ns, fact.span_id

    def depth_of(self, span_id: bytes) -> int:
        """Return the depth of a span; one that has not arrived is deeper than all."""
        return self.depth.get(span_id, len(self.depth) + 1)

    def agents(self) -> dict[bytes, str]:
        """Return the agent that each span works for: its nearest agent, else the one it names.

        What a span names itself counts less, because some libraries put a placeholder there.
        """
        found: dict[bytes, str] = {}
        for fact in self.outward:
            parent = self.parent(fact)
            above = found.get(parent.span_id, "") if parent else ""
            own, inherited = (fact.agent, above) if fact.kind == "agent" else (above, fact.agent)
            if name := own or inherited:
                found[fact.span_id] = name
        return found
