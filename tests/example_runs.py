"""Runs an example against the scripted provider, and says what that really served."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from examples.offline.__main__ import ASK_STREAMS, billed
from examples.offline.scripts import SCRIPTS
from examples.offline.server import answering

from tests.example_host import Host
from tests.parts import Parts

ROOT = Path(__file__).parent.parent
LIMIT_S = 120
MTOK = 1_000_000

LIST_USD = {
    "claude-haiku-4-5-20251001": ("1", "0.1", "1.25", "5"),
    "gpt-4o-2024-08-06": ("2.5", "1.25", "0", "10"),
    "gpt-4o-mini-2024-07-18": ("0.15", "0.075", "0", "0.6"),
}
"""List prices per million: input, cache reads, cache writes, output; from the providers' pages."""


@dataclass(frozen=True)
class Spent:
    """Tokens and dollars of some calls."""

    calls: int
    input_tokens: int
    cache_read_tokens: int
    output_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True)
class Acted:
    """What an agent did between its calls, each in order."""

    tools: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


def run(server: Parts, name: str, folder: Path, python: str = sys.executable) -> list[Any]:
    """Run an example as people do until all it recorded is stored; return what it was answered."""
    answered = folder / "answered.json"
    done = subprocess.run(
        [python, "-m", "examples.offline", name, "--answered", str(answered)],
        env=environment(server), cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    server.settle()
    found: list[Any] = json.loads(answered.read_text())
    return found


def run_by(host: Host, server: Parts, name: str, folder: Path) -> list[Any]:
    """Do the same in a process of the host's, the provider being one of ours."""
    with answering(SCRIPTS[name]) as provider:
        environ = environment(server) | provider.environ() | ASK_STREAMS
        log = folder / "log"
        assert host.run(name, environ, log) == 0, log.read_text()
        answers = [billed(answered) for answered in provider.answered]
    server.settle()
    return answers


def environment(server: Parts) -> dict[str, str]:
    """Return the variables of a process that records to a server of the test's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = server.settings
    return kept | {"SPANLEDGER_ENDPOINT": told.url(told.http_port), "NO_PROXY": "*"}


def served(answers: list[Any]) -> Spent:
    """Return what a provider would charge for its answers."""
    billed = [answer for answer in answers if answer["turn"]["status"] == 200]
    turns = [answer["turn"] for answer in billed]
    return Spent(
        len(billed),
        sum(turn["input_tokens"] for turn in turns),
        sum(turn["cached_tokens"] for turn in turns),
        sum(turn["output_tokens"] for turn in turns),
        sum((usd(answer["model"], answer["turn"]) for answer in billed), Decimal(0)),
    )


def usd(model: str, turn: Any) -> Decimal:
    """Return what one answer costs by the list."""
    fresh, cached, written, out = map(Decimal, LIST_USD[model])
    plain = turn["input_tokens"] - turn["cached_tokens"] - turn["cache_write_tokens"]
    dollars: Decimal = (
        plain * fresh
        + turn["cached_tokens"] * cached
        + turn["cache_write_tokens"] * written
        + turn["output_tokens"] * out
    ) / MTOK
    return dollars


def called(answers: list[Any]) -> list[str]:
    """Return the names of the tools that the model asked for, in order."""
    return [tool["name"] for answer in answers for tool in answer["turn"]["tools"]]


def get(server: Parts, path: str) -> Any:
    """Return what the query API answers."""
    answer = server.api.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def session(server: Parts, name: str) -> Any:
    """Return a session."""
    return get(server, f"sessions/{name}")


def recorded(*sessions: Any) -> Spent:
    """Return what sessions say was spent; none of it may be estimated or unpriced."""
    totals = [one["totals"] for one in sessions]
    assert {(t["unpriced_calls"], Decimal(t["estimated_usd"])) for t in totals} == {(0, Decimal(0))}
    return Spent(
        sum(t["calls"] for t in totals),
        sum(t["input_tokens"] for t in totals),
        sum(t["cache_read_tokens"] for t in totals),
        sum(t["output_tokens"] for t in totals),
        sum((Decimal(t["cost_usd"]) for t in totals), Decimal(0)),
    )


def told(server: Parts, name: str, *kinds: str) -> list[tuple[str, str]]:
    """Return the events of some kinds in order: the kind, and what it is about."""
    events = get(server, f"sessions/{name}/events")["events"]
    return [(event["kind"], about(event)) for event in events if event["kind"] in kinds]


def acted(server: Parts, name: str) -> Acted:
    """Return what a session shows of tools, decisions and states."""
    events = told(server, name, "tool", "decision", "state")
    tools, decisions, states = (
        tuple(what for kind, what in events if kind == wanted)
        for wanted in ("tool", "decision", "state")
    )
    return Acted(tools, decisions, states)


def about(event: Any) -> str:
    """Return an event in a word or two."""
    if event["state_to"]:
        return f"{event['state_from']} → {event['state_to']}"
    if event["kind"] == "decision":
        return str(event["verdict"])
    said = str(event["node"] or event["tool"] or event["name"])
    return said if event["status"] in ("ok", "unset") else f"{said}: {event['status']}"
