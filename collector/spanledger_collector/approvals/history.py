"""What a policy would have been about: the tool calls that are stored, against its pattern.

Reads, writes nothing. A call whose arguments nobody recorded, or whose words have expired, is counted
as unknown where the policy compares them: what it would have said is not known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from spanledger_collector import normalise
from spanledger_collector.approvals.policy import Policy, fits
from spanledger_collector.detail import span_as_sent
from spanledger_collector.store import Store

MOST_CALLS = 2000
"""Of the tools that a pattern fits, the newest: each is read as its library wrote it."""


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call that was made; `arguments` is None where nobody knows them."""

    at_ns: int
    tool: str
    arguments: Mapping[str, Any] | None
    session_id: str
    agent: str


@dataclass(frozen=True, slots=True)
class Past:
    """What a policy would have come to."""

    calls: int
    matches: Sequence[Called]
    unknown: int
    cut: bool


def past(store: Store, policy: Policy, since_ns: int) -> Past:
    """Return what a policy would have been about since a moment, newest first. Any thread may ask."""
    found = list(calls(store, policy, since_ns))
    known = [call for call in found if call.arguments is not None or not policy.conditions]
    matches = [call for call in known if fits(policy, call.tool, call.arguments or {})]
    return Past(len(found), matches, len(found) - len(known), len(found) == MOST_CALLS)


def calls(store: Store, policy: Policy, since_ns: int) -> Iterator[Called]:
    """Yield the calls of the tools that a policy's pattern fits, newest first."""
    asked = {"project": policy.project_id, "since_ns": since_ns}
    named = [row["tool"] for row in store.rows("tool_names", **asked)]
    tools = [name for name in named if fnmatchcase(name, policy.tool)]
    if not tools:
        return
    for row in store.rows("tool_calls", **asked, tools=tools, limit=MOST_CALLS):
        session = row["session_key"] or row["trace_id"].hex()
        yield Called(row["start_ns"], row["tool"], arguments(row), session, row["agent"])


def arguments(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a tool was called with, None where that is unknown or no object."""
    if not row["attributes"]:
        return None
    given = normalise.content(span_as_sent(row, row), ()).arguments
    return given if isinstance(given, dict) else None
