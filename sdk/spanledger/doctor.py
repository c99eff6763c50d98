"""Say what is recorded here, what is missing, and whether a span reaches the server.

Looks at the libraries installed beside it, asks the server whether it is there and takes the key,
sends one span and waits until the query API shows it. Ends with 0 when all is well, with 1 when
something is broken; what is merely missing is said and breaks nothing.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4

import spanledger
from spanledger.asking import Unreachable, asked
from spanledger.instrument import best_of, installed
from spanledger.instrumentors import LIBRARIES, Library
from spanledger.settings import SettingInvalid, Settings, settings

API_PORT = 4320
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a sentence."""

    state: Literal["ok", "missing", "broken"]
    said: str


def configure(parser: ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument("--endpoint", help="where OTLP goes (SPANLEDGER_ENDPOINT)")
    parser.add_argument("--key", help="the API key (SPANLEDGER_KEY)")
    parser.add_argument("--api", help="where the query API answers; port 4320 of that host")
    parser.add_argument(
        "--wait", type=float, default=30.0, metavar="SECONDS", help="for the span to be shown"
    )


def run(args: Namespace) -> int:
    """Print one line for each finding and return the exit code."""
    broken = False
    for finding in findings(args):
        broken |= finding.state == "broken"
        sys.stdout.write(f"{finding.state:<8} {finding.said}\n")
        sys.stdout.flush()
    return int(broken)


def findings(args: Namespace) -> Iterator[Finding]:
    """Yield what is found; what depends on something broken is not tried."""
    yield from libraries(LIBRARIES)
    try:
        told = settings({"endpoint": args.endpoint, "key": args.key})
    except SettingInvalid as error:
        yield Finding("broken", str(error))
        return
    for step in (allowed, server, key):
        for finding in step(told):
            yield finding
            if finding.state == "broken":
                return
    yield from round_trip(told, args.api or api_of(told.endpoint), args.wait)


def libraries(known: Iterable[Library]) -> Iterator[Finding]:
    """Yield a finding for each library that is installed."""
    here = [library for library in known if installed(library.distribution)]
    for library in here:
        yield recorded(library)
    if not here:
        yield Finding(
            "missing",
            "no library that calls models is installed here; what you decorate is recorded",
        )


def recorded(library: Library) -> Finding:
    """Return by what a library is recorded."""
    named = f"{library.name} {installed(library.distribution)}"
    if library.native:
        return Finding("ok", f"{named} records itself, once configure(instrument=…) says so")
    best = best_of(library)
    if best is None:
        return Finding("missing", f"{named} is recorded by nothing; {library.install}")
    by = f"{best.distribution} {installed(best.distribution)}"
    return Finding("ok", f"{named} is recorded by {by}: {best.why}")


def allowed(told: Settings) -> Iterator[Finding]:
    """Yield what keeps spans from being made."""
    if told.disabled:
        yield Finding(
            "broken", "SPANLEDGER_DISABLED or OTEL_SDK_DISABLED is set: nothing is recorded"
        )
    elif told.sample < 1:
        yield Finding("missing", f"SPANLEDGER_SAMPLE keeps {told.sample:g} of all traces")


def server(told: Settings) -> Iterator[Finding]:
    """Yield whether a server is there."""
    if told.protocol != "http":
        return
    try:
        answer = asked(told.endpoint, "GET", "/readyz", {})
    except Unreachable as error:
        yield Finding(
            "broken",
            f"nobody answers at {told.endpoint} ({error}); start a server with `spanledger serve`, or say where it is with --endpoint",
        )
        return
    if answer.status == 200:
        yield Finding("ok", f"a server answers at {told.endpoint}")
    elif answer.status == 503:
        yield Finding("broken", f"the server at {told.endpoint} is not ready: {answer.text}")
    else:
        yield Finding(
            "missing",
            f"what answers at {told.endpoint} is no Spanledger: /readyz is {answer.status}",
        )


def key(told: Settings) -> Iterator[Finding]:
    """Yield whether the server takes the key, with a request that holds no span."""
    if told.protocol != "http":
        return
    answer = asked(told.endpoint, "POST", "/v1/traces", identity(told))
    named = "the key" if "authorization" in identity(told) else "a request without a key"
    if answer.status in (401, 403):
        yield Finding(
            "broken",
            f"the server refuses {named} ({answer.status}); `spanledger keys create` makes one, --key or SPANLEDGER_KEY tells it",
        )
    elif answer.status != 200:
        yield Finding("broken", f"the server answers {answer.status} to OTLP: {answer.text}")
    else:
        yield Finding("ok", f"the server takes {named}")


def round_trip(told: Settings, api: str, wait_s: float) -> Iterator[Finding]:
    """Send a span, and yield whether it was delivered and is shown."""
    name = f"doctor-{uuid4().hex[:8]}"
    spanledger.configure(told.endpoint, told.key, "spanledger-doctor", sample=1.0, strict=True)
    with spanledger.session(name, tags=["doctor"]), spanledger.span("spanledger doctor"):
        began = time.monotonic()
    sent = spanledger.shutdown(wait_s)
    if not sent or not sent.delivered:
        why = sent.error or ", ".join(sent.reasons) or "time is over"
        yield Finding("broken", f"a test span was not delivered: {why}")
        return
    yield shown(api, identity(told), name, began, wait_s)


def shown(api: str, who: Mapping[str, str], name: str, began: float, wait_s: float) -> Finding:
    """Return whether the query API shows a session within the time."""
    status = 0
    try:
        while time.monotonic() - began < wait_s:
            status = asked(api, "GET", f"/api/v1/sessions/{name}", who).status
            if status == 200:
                after_s = time.monotonic() - began
                return Finding("ok", f"a test span is shown after {after_s:.1f} s: session {name}")
            if status in (401, 403):
                return Finding(
                    "missing",
                    f"a test span was delivered; whether it is shown this key may not see ({status}, it needs the scope read)",
                )
            time.sleep(LOOK_EVERY_S)
    except Unreachable as error:
        return Finding(
            "broken",
            f"a test span was delivered, but no query API answers at {api} ({error}); --api says where it is",
        )
    return Finding(
        "broken",
        f"a test span was delivered, but is not shown at {api} after {wait_s:g} s (last answer {status})",
    )


def identity(told: Settings) -> dict[str, str]:
    """Return the headers by which the server knows us."""
    return {**told.headers, **({"authorization": f"Bearer {told.key}"} if told.key else {})}


def api_of(endpoint: str) -> str:
    """Return where the query API of a server usually answers."""
    parts = urlsplit(endpoint)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{API_PORT}"
