"""What clients were told, held against what the server shows: a set check on span ids, a bank
check on dollars.

Clients write down every call before they send it, and once more when it was acknowledged. Whatever
happened in between, each acknowledged call must be there once, nothing may be there that nobody
sent, and every sum must be that of the calls that are there, to the last digit. A call that was
sent and never acknowledged may be there or not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

MODEL = "gpt-4o-2024-08-06"
USD_PER_INPUT, USD_PER_OUTPUT = Decimal("0.0000025"), Decimal("0.00001")
MOST_TOLD = 5  # of a kind of difference


class Api(Protocol):
    """A client of the query API, over a socket or not."""

    def get(self, url: str, *, params: Any) -> Any:
        """Return an answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A model call as its client knows it. Two that differ in tokens differ in dollars."""

    trace_id: str
    span_id: str
    session: str
    input_tokens: int
    output_tokens: int

    @property
    def usd(self) -> Decimal:
        """Return what it costs; worked out here, not by the code that is tested."""
        return self.input_tokens * USD_PER_INPUT + self.output_tokens * USD_PER_OUTPUT

    def attributes(self) -> dict[str, str | int]:
        """Return what its span says of it."""
        return {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.response.model": MODEL,
            "gen_ai.conversation.id": self.session,
            "gen_ai.usage.input_tokens": self.input_tokens,
            "gen_ai.usage.output_tokens": self.output_tokens,
        }


class Journal:
    """What was sent and what was acknowledged. Any thread may write."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.sent: dict[tuple[str, str], Call] = {}
        self.acked: set[tuple[str, str]] = set()
        self.failures = 0  # exports that a client was told have failed

    def note(self, calls: Iterable[Call]) -> None:
        """Write calls down that are about to be sent."""
        with self._lock:
            self.sent.update(((call.trace_id, call.span_id), call) for call in calls)

    def acknowledge(self, calls: Iterable[Call]) -> None:
        """Write down that calls were acknowledged."""
        with self._lock:
            self.acked.update((call.trace_id, call.span_id) for call in calls)

    def fail(self) -> None:
        """Write down that a client was told that an export failed."""
        with self._lock:
            self.failures += 1


class Journaled(SpanExporter):
    """A real exporter whose calls are in a journal.

    A patient one exports what failed again until it is acknowledged, as a client with a queue does.
    """

    def __init__(self, exporter: SpanExporter, journal: Journal, patient: bool = False) -> None:
        self._exporter = exporter
        self._journal = journal
        self._patient = patient

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        calls = [told(span) for span in spans]
        self._journal.note(calls)
        while (result := self._exporter.export(spans)) is not SpanExportResult.SUCCESS:
            self._journal.fail()
            if not self._patient:
                return result
        self._journal.acknowledge(calls)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def told(span: ReadableSpan) -> Call:
    """Return the call of which a span of the SDK tells."""
    attributes: Any = span.attributes
    context = span.get_span_context()
    assert context is not None
    return Call(
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        attributes["gen_ai.conversation.id"],
        attributes["gen_ai.usage.input_tokens"],
        attributes["gen_ai.usage.output_tokens"],
    )


def differences(journal: Journal, api: Api) -> list[str]:
    """Return where the server and the journal differ; everything has to be drained."""
    shown: Counter[Call] = Counter()
    said = []
    for session in sessions(api):
        calls = list(calls_of(session["id"], api))
        shown.update(calls)
        totals = session["totals"]
        said += [] if sums(calls) == read(totals) else [f"session {session['id']}: {totals}"]
    kept = journal.sent.values() & shown.keys()
    acked = {journal.sent[key] for key in journal.acked}
    said += named("acknowledged and not there", acked - kept)
    said += named("there and never sent like this", shown.keys() - kept)
    said += named("there more than once", [call for call, times in shown.items() if times > 1])
    total = get(api, "spend")["total"]
    said += [] if sums(kept) == read(total) else [f"spend: {read(total)}, sent {sums(kept)}"]
    said += [i["name"] for i in get(api, "verify")["identities"] if not i["holds"]]
    said += [f"set aside: {held}" for held in get(api, "quarantine")]
    return said


Sums = tuple[int, Decimal, int, int]
"""Calls, dollars, tokens in and tokens out."""


def sums(calls: Iterable[Call]) -> Sums:
    """Return what calls add up to."""
    found = list(calls)
    usd = sum((call.usd for call in found), Decimal(0))
    ins, outs = (call.input_tokens for call in found), (call.output_tokens for call in found)
    return len(found), usd, sum(ins), sum(outs)


def read(totals: dict[str, Any]) -> Sums:
    """Return what the server says that some calls add up to."""
    usd = Decimal(totals["cost_usd"] or 0)
    return totals["calls"], usd, totals["input_tokens"], totals["output_tokens"]


def named(what: str, calls: Iterable[Call]) -> list[str]:
    """Return a sentence about some calls, none if there are none."""
    found = list(calls)
    return [f"{len(found)} {what}: {found[:MOST_TOLD]}"] if found else []


def sessions(api: Api) -> Iterator[dict[str, Any]]:
    """Yield every session that the server has."""
    page = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        after = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = get(api, "sessions", limit=1000, **after)
        yield from page["items"]


def calls_of(session_id: str, api: Api) -> Iterator[Call]:
    """Yield the calls of a session as the server shows them."""
    found = get(api, f"sessions/{session_id}/events")
    assert len(found["events"]) == found["total_events"], "a session has more than is shown"
    for event in found["events"]:
        call = Call(
            event["trace_id"],
            event["span_id"],
            session_id,
            event["input_tokens"],
            event["output_tokens"],
        )
        assert Decimal(event["cost_usd"]) == call.usd, event
        yield call


def get(api: Api, path: str, **parameters: str | int) -> Any:
    """Return what the query API answers."""
    answer = api.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()
