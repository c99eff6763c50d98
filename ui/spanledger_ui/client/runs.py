"""What ran: sessions, traces, calls, their steps, and the views of them that people saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from spanledger_schema.api import SessionColumns, SessionEvents, SessionPage, SessionRow, SpanDetail
from spanledger_schema.api_tables import CallPage, Pulse, TracePage, Values
from spanledger_schema.api_views import View
from spanledger_ui.client.wire import Parameter, Wire, quoted


@dataclass(frozen=True, slots=True)
class Runs:
    """Questions about what ran."""

    wire: Wire

    def sessions(self, **filters: Parameter) -> SessionPage:
        """Return a page of sessions; the filters are those of `GET /api/v1/sessions`."""
        return self.wire.one(SessionPage, "sessions", filters)

    def traces(self, **filters: Parameter) -> TracePage:
        """Return a page of traces; the filters are those of `GET /api/v1/traces`."""
        return self.wire.one(TracePage, "traces", filters)

    def calls(self, **filters: Parameter) -> CallPage:
        """Return a page of calls; the filters are those of `GET /api/v1/calls`."""
        return self.wire.one(CallPage, "calls", filters)

    def pulse(self, **filters: Parameter) -> Pulse:
        """Return what sessions did over time; the filters are those of `GET /api/v1/pulse`."""
        return self.wire.one(Pulse, "pulse", filters)

    def values(self, **filters: Parameter) -> Values:
        """Return observed values of a field, as `GET /api/v1/values` does."""
        return self.wire.one(Values, "values", filters)

    def session(self, session_id: str) -> SessionRow:
        """Return one session with its totals."""
        return self.wire.one(SessionRow, f"sessions/{quoted(session_id)}")

    def events(self, session_id: str, limit: int) -> SessionEvents:
        """Return the skeleton of a session, its first `limit` steps."""
        path = f"sessions/{quoted(session_id)}/events"
        return self.wire.one(SessionEvents, path, {"limit": limit})

    def columns(self, session_id: str, names: Sequence[str], limit: int) -> SessionColumns:
        """Return these fields of its first `limit` steps, a list of each."""
        path = f"sessions/{quoted(session_id)}/columns"
        return self.wire.one(SessionColumns, path, {"field": names, "limit": limit})

    def span(self, trace_id: str, span_id: str) -> SpanDetail:
        """Return one span with its payload."""
        path = f"spans/{quoted(trace_id)}/{quoted(span_id)}"
        return self.wire.one(SpanDetail, path)

    def views(self) -> list[View]:
        """Return the saved views of all pages."""
        return self.wire.many(View, "views")

    def save_view(self, page: str, name: str, asks: str) -> None:
        """Save a view under its name."""
        self.wire.ask("POST", "views", {"page": page, "name": name, "asks": asks})

    def withdraw_view(self, page: str, name: str) -> None:
        """Withdraw a view."""
        self.wire.ask("DELETE", "views", parameters={"page": page, "name": name})
