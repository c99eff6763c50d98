"""Replay recorded sessions of real libraries into a running server, with fresh ids and times.

Starts nothing itself: start a server first, with `spanledger serve` or `make serve`.
"""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPConnection, HTTPException, HTTPResponse
from random import SystemRandom
from typing import Any
from urllib.parse import quote, urlsplit

from spanledger_collector import settings
from spanledger_collector.captures import CAPTURES, Capture, Fresh, fresh
from spanledger_collector.process import Refused

MINUTE_NS = 60_000_000_000
APART_NS = 7 * MINUTE_NS  # between the ends of two sessions
VISIBLE_S = 30.0  # how long to wait for the totals before saying that they are late


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    settings.add_flags(parser, "host", "http_port", "api_port", "ui_port")


def run(args: Namespace) -> int:
    """Send every capture, say what became of it and where to look."""
    chosen = settings.from_args(args)
    otlp, api = chosen.url(chosen.http_port), chosen.url(chosen.api_port)
    sent = list(made_fresh(time.time_ns()))
    for _, made in sent:
        send(otlp, made)
    print(f"{'USD':>9}  {'spans':>5}  what, and as which session")
    for capture, made in sent:
        for session, spans in made.sessions.items():
            cost = shown_cost(found(api, session, spans))
            print(f"{cost:>9}  {spans:>5}  {capture.shows} ({session})", flush=True)
    print("\nA + stands for calls beside these dollars that have no price.")
    screens = chosen.url(chosen.ui_port)
    print(f"Look at them: {screens if answers(screens) else f'{api}/api/v1/sessions'}")
    return 0


def made_fresh(now_ns: int) -> Iterator[tuple[Capture, Fresh]]:
    """Yield each capture as if it had just happened, oldest first, the last one ending now."""
    random = SystemRandom()
    for age, capture in reversed(list(enumerate(CAPTURES))):
        yield capture, fresh(capture, now_ns - age * APART_NS, random)


def send(otlp: str, made: Fresh) -> None:
    """Send spans and log records as an exporter does.

    Raises:
        Refused: nobody answers there, or what answers does not take OTLP.
    """
    for path, body in (("/v1/traces", made.spans), ("/v1/logs", made.logs)):
        if not body:
            continue
        try:
            answer, said = request("POST", otlp + path, body)
        except (OSError, HTTPException) as error:
            raise Refused(
                f"no server answers at {otlp}; start one with `spanledger serve` or `make serve`,"
                " or say where it is with --host and --http-port"
            ) from error
        if answer.status != 200:
            raise Refused(f"{otlp}{path} answered {answer.status}: {said[:200]!r}")


def found(api: str, session: str, spans: int) -> dict[str, Any] | None:
    """Return a session as the query API tells it once it has all spans, None if that is late."""
    give_up = time.monotonic() + VISIBLE_S
    while time.monotonic() < give_up:
        try:
            answer, body = request("GET", f"{api}/api/v1/sessions/{quote(session, safe='')}")
        except (OSError, HTTPException):
            return None
        row: dict[str, Any] = json.loads(body) if answer.status == 200 else {}
        if row.get("spans") == spans:
            return row
        time.sleep(0.1)
    return None


def answers(address: str) -> bool:
    """Tell whether anybody answers there: a server need not have screens."""
    try:
        request("GET", address)
    except (OSError, HTTPException):
        return False
    return True


def shown_cost(row: dict[str, Any] | None) -> str:
    """Return a session's dollars for a narrow column."""
    if row is None:
        return "not yet"
    totals = row["totals"]
    if not totals["calls"]:
        return "no call"
    if totals["cost_usd"] is None:
        return "unpriced"
    return f"{Decimal(totals['cost_usd']):.4f}" + ("+" if totals["unpriced_calls"] else "")


def request(method: str, url: str, body: bytes = b"") -> tuple[HTTPResponse, bytes]:
    """Return the answer to a request and its body."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, parts.path, body, {"Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()
