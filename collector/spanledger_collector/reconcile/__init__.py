"""Which spans of a trace are billed, and whose trace it is.

Takes the narrow facts of one trace, in any order and however many have arrived, and answers with
a verdict. Pure: the same facts give the same verdict, so it can be run again whenever one more
span arrives. Knows structure and identifiers, no framework's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter

from spanledger_collector.reconcile.billing import Billing
from spanledger_collector.reconcile.trace import Fact, Hint, Tree
from spanledger_collector.reconcile.waiting import waiting_ns, waits

__all__ = ["Fact", "Hint", "Verdict", "verdict"]


TRACE_NAME, AGENT, ENVIRONMENT, USER_ID = map(
    attrgetter, ("trace_name", "agent", "environment", "user_id")
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trace comes to.

    `billed` are the spans that count, in order of start; `not_billed` names the reason for each
    span that carries usage, is a call or a tool call and does not count: rollup, duplicate, event,
    aggregate, covered (an estimate of what a span above it reports). `same_as` leads from a
    duplicate to the span that stands for both; `elsewhere` from a call that is billed in another
    trace (`across`) to the span that is billed there.
    """

    session_id: str
    user_id: str
    name: str
    agent: str
    service: str
    environment: str
    tags: tuple[str, ...]
    status: str  # ok, error, waiting, running
    started_ns: int
    ended_ns: int
    waiting_ns: int
    billed: Sequence[bytes] = ()
    not_billed: Mapping[bytes, str] = field(default_factory=dict)
    same_as: Mapping[bytes, bytes] = field(default_factory=dict)
    elsewhere: Mapping[bytes, bytes] = field(default_factory=dict)
    agents: Mapping[bytes, str] = field(default_factory=dict)  # who made each call and tool call

    def stands_in(self, span_id: bytes) -> bytes | None:
        """Return the span that stands for a duplicate, of whichever trace it is."""
        return self.same_as.get(span_id) or self.elsewhere.get(span_id)


def verdict(facts: Sequence[Fact], hints: Sequence[Hint] = ()) -> Verdict:
    """Return what one trace comes to; neither the order nor repetition of facts matters."""
    tree = Tree(facts)
    bill = Billing(tree)
    first = tree.tops[0] if tree.tops else None
    return Verdict(
        session_id=session_id(tree, hints),
        user_id=user_id(tree, hints),
        name=tree.nearest(TRACE_NAME) or (first.name if first else ""),
        agent=tree.nearest(AGENT),
        service=first.service if first else "",
        environment=tree.nearest(ENVIRONMENT),
        tags=tuple(sorted(set(chain.from_iterable(f.tags for f in tree.order)))),
        status=status(tree),
        started_ns=min((f.start_ns for f in tree.order), default=0),
        ended_ns=max((f.end_ns or f.start_ns for f in tree.order), default=0),
        waiting_ns=waiting_ns(tree.order),
        billed=[f.span_id for f in tree.order if f.span_id in bill.billed],
        not_billed=bill.not_billed,
        same_as=bill.same_as,
        agents=tree.agents(),
    )


def session_id(tree: Tree, hints: Sequence[Hint]) -> str:
    """Return the session of a trace: best rank first, then nearest to the root, then earliest.

    An id that an application set has a lower rank than one that its libraries made up.
    """
    told = [(f.session_rank, *tree.nearness(f), f.session_id) for f in tree.order if f.session_id]
    told += [
        (h.session_rank, tree.depth_of(h.span_id), 0, h.span_id, h.session_id)
        for h in hints
        if h.session_id
    ]
    return min(told)[-1] if told else ""


def user_id(tree: Tree, hints: Sequence[Hint]) -> str:
    """Return the user of a trace: the one named nearest to the root, else by a log record."""
    if found := tree.nearest(USER_ID):
        return found
    told = [(tree.depth_of(h.span_id), 0, h.span_id, h.user_id) for h in hints if h.user_id]
    return min(told)[-1] if told else ""


def status(tree: Tree) -> str:
    """Return how a trace stands: what its root says, unless somebody is still being waited for.

    An error below the root is no error of the trace: an agent may have got over it. Without a
    root the last of the topmost spans speaks for it.
    """
    tops = [f for f in tree.tops if not f.parent_span_id] or tree.tops[-1:]
    if any(f.status == "error" for f in tops):
        return "error"
    unended = [f for f in tree.order if f.end_ns is None]
    if unended and not any(f.status == "waiting" for f in unended):
        return "running"
    return "waiting" if waits(tree.order) else "ok"
