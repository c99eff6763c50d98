"""Which spans of a trace are billed, and whose trace it is.

Takes the narrow facts of one trace, in any order and however many have arrived, and answers with
a verdict. Pure: the same facts give the same verdict, so it can be run again whenever one more
span arrives. Knows structure and identifiers, no framework's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trace comes to.

    `billed` are the calls that count, in order of start; `not_billed` names the reason for each
    span that carries usage or is a call and does not count: rollup, duplicate, event, aggregate.
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
