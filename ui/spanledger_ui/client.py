"""The query API, as dataclasses.

Parameters go in, the shapes of `spanledger_schema.api` come out. Knows HTTP and nothing of
Streamlit; every failure is one of two errors that say what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from spanledger_schema.api import SessionEvents, SessionPage, SessionRow, SpanDetail, Spend
from spanledger_schema.api_access import ApiKey, NewApiKey
from spanledger_schema.api_alerts import DeliveryRow, DetectorRow, Errand
from spanledger_schema.api_approvals import ApprovalRow, PolicyPreview, PolicyRow
from spanledger_schema.api_budgets import AlertRow, BudgetRow, PreviewRow, Standings, StopRow
from spanledger_schema.api_ledger import (
    AuditPage,
    Insights,
    Models,
    OwnPrice,
    Repricing,
    UnpricedModels,
    Verification,
)
from spanledger_schema.api_spool import HeldBack, Integrity, Released
from spanledger_schema.api_tables import CallPage, Pulse, TracePage, Values
from spanledger_schema.api_views import View
from spanledger_ui.answers import Refused, decoded, refusal
from spanledger_ui.shapes import Misshapen, shaped

Parameter = str | int | bool | Sequence[str] | None
Parameters = Mapping[str, Parameter]

TIMEOUT_S = httpx.Timeout(20, connect=2)
MOST_FILE_BYTES = 64 << 20  # of an export: it is held here while a browser fetches it


class Unreachable(Exception):
    """Nothing answers at the query API's address, or it broke off."""


@dataclass(frozen=True, slots=True)
class Health:
    """What `/readyz` says: whether the store serves, and when it last received a span."""

    ready: bool
    last_received_at: str | None = None


class Client:
    """A connection to one query API; safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        transport: httpx.BaseTransport | None = None,
        api_key: str = "",
        project: str = "",
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        if project:
            headers["X-Spanledger-Project"] = project
        self.base_url = base_url.rstrip("/")
        # trust_env off: a proxy of the environment has no business with our own loopback
        self._http = httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Tell whether the connections are closed."""
        return self._http.is_closed

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def sessions(self, **filters: Parameter) -> SessionPage:
        """Return a page of sessions; the filters are those of `GET /api/v1/sessions`."""
        return shaped(SessionPage, self._get("/api/v1/sessions", filters))

    def traces(self, **filters: Parameter) -> TracePage:
        """Return a page of traces; the filters are those of `GET /api/v1/traces`."""
        return shaped(TracePage, self._get("/api/v1/traces", filters))

    def calls(self, **filters: Parameter) -> CallPage:
        """Return a page of calls; the filters are those of `GET /api/v1/calls`."""
        return shaped(CallPage, self._get("/api/v1/calls", filters))

    def pulse(self, **filters: Parameter) -> Pulse:
        """Return what sessions did over time; the filters are those of `GET /api/v1/pulse`."""
        return shaped(Pulse, self._get("/api/v1/pulse", filters))

    def values(self, **filters: Parameter) -> Values:
        """Return observed values of a field, as `GET /api/v1/values` does."""
        return shaped(Values, self._get("/api/v1/values", filters))

    def session(self, session_id: str) -> SessionRow:
        """Return one session with its totals."""
        return shaped(SessionRow, self._get(f"/api/v1/sessions/{quoted(session_id)}"))

    def events(self, session_id: str, limit: int) -> SessionEvents:
        """Return the skeleton of a session, its first `limit` steps."""
        path = f"/api/v1/sessions/{quoted(session_id)}/events"
        return shaped(SessionEvents, self._get(path, {"limit": limit}))

    def span(self, trace_id: str, span_id: str) -> SpanDetail:
        """Return one span with its payload."""
        path = f"/api/v1/spans/{quoted(trace_id)}/{quoted(span_id)}"
        return shaped(SpanDetail, self._get(path))

    def spend(self, group_by: Sequence[str] = (), **filters: Parameter) -> Spend:
        """Return dollars and tokens grouped as asked, and their total."""
        return shaped(Spend, self._get("/api/v1/spend", {"group_by": group_by, **filters}))

    def export(self, table: str, wanted: Parameters) -> bytes:
        """Return a table as a file, as `GET /api/v1/export/…` makes it.

        Raises:
            Unreachable: no answer came, or not the whole of it.
            Refused: the API declined, or the file is larger than we hold.
        """
        query = httpx.QueryParams(asked(wanted))
        try:
            with self._http.stream("GET", f"/api/v1/export/{table}", params=query) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer)
                return gathered(answer)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.base_url}: {str(error) or type(error).__name__}") from error

    def models(self, **range_: Parameter) -> Models:
        """Return the models called in a range, with their rates in force."""
        return shaped(Models, self._get("/api/v1/models", range_))

    def unpriced(self, **range_: Parameter) -> UnpricedModels:
        """Return the models of a range that have calls without a price."""
        return shaped(UnpricedModels, self._get("/api/v1/models/unpriced", range_))

    def prices(self) -> list[OwnPrice]:
        """Return the operator's own prices."""
        return [shaped(OwnPrice, price) for price in self._get("/api/v1/prices")]

    def add_price(self, price: Mapping[str, Any]) -> None:
        """Add a price, in the fields of a price file."""
        self._ask("POST", "/api/v1/prices", price)

    def withdraw_price(self, price_id: str) -> None:
        """Take a price back."""
        self._ask("DELETE", f"/api/v1/prices/{quoted(price_id)}")

    def reprice(self, wanted: Mapping[str, Any]) -> Repricing:
        """Return what pricing calls anew moves, or moved where `dry_run` is false."""
        return shaped(Repricing, self._ask("POST", "/api/v1/reprice", wanted))

    def insights(self, **range_: Parameter) -> Insights:
        """Return what caches saved and what failed sessions cost."""
        return shaped(Insights, self._get("/api/v1/spend/insights", range_))

    def integrity(self) -> Integrity:
        """Return where everything is that was received."""
        return shaped(Integrity, self._get("/api/v1/integrity"))

    def quarantine(self) -> list[HeldBack]:
        """Return what the store could not take."""
        return [shaped(HeldBack, held) for held in self._get("/api/v1/quarantine")]

    def retry_quarantine(self) -> Released:
        """Have the store try again to take what it could not."""
        return shaped(Released, self._ask("POST", "/api/v1/quarantine/retry", {}))

    def verify(self) -> Verification:
        """Return whether the books balance."""
        return shaped(Verification, self._get("/api/v1/verify"))

    def audit(self, **page: Parameter) -> AuditPage:
        """Return who changed what."""
        return shaped(AuditPage, self._get("/api/v1/audit", page))

    def keys(self) -> list[ApiKey]:
        """Return the API keys that the caller administers."""
        return [shaped(ApiKey, key) for key in self._get("/api/v1/keys")]

    def create_key(self, wanted: Mapping[str, Any]) -> NewApiKey:
        """Make an API key; only this answer tells it."""
        return shaped(NewApiKey, self._ask("POST", "/api/v1/keys", wanted))

    def share(self, session_id: str, expires_at: str, name: str) -> NewApiKey:
        """Make a key that reads one session; only this answer tells it."""
        wanted = {"session_id": session_id, "expires_at": expires_at, "name": name}
        return shaped(NewApiKey, self._ask("POST", "/api/v1/shares", wanted))

    def views(self) -> list[View]:
        """Return the saved views of all pages."""
        return [shaped(View, view) for view in self._get("/api/v1/views")]

    def save_view(self, page: str, name: str, asks: str) -> None:
        """Save a view under its name."""
        self._ask("POST", "/api/v1/views", {"page": page, "name": name, "asks": asks})

    def withdraw_view(self, page: str, name: str) -> None:
        """Withdraw a view."""
        self._ask("DELETE", "/api/v1/views", parameters={"page": page, "name": name})

    def revoke_key(self, key_id: str) -> None:
        """Make an API key useless."""
        self._ask("DELETE", f"/api/v1/keys/{quoted(key_id)}")

    def standings(self, **page: Parameter) -> Standings:
        """Return how the budgets stand."""
        return shaped(Standings, self._get("/api/v1/budgets/standings", page))

    def budgets(self) -> list[BudgetRow]:
        """Return the budgets that hold."""
        return [shaped(BudgetRow, budget) for budget in self._get("/api/v1/budgets")]

    def alerts(self, **range_: Parameter) -> list[AlertRow]:
        """Return the thresholds that were crossed."""
        return [shaped(AlertRow, alert) for alert in self._get("/api/v1/alerts", range_)]

    def preview_budget(self, wanted: Mapping[str, Any], **range_: Parameter) -> list[PreviewRow]:
        """Return what a budget would have come to; nothing is written."""
        answer = self._ask("POST", "/api/v1/budgets/preview", wanted, range_)
        return [shaped(PreviewRow, past) for past in answer]

    def add_budget(self, wanted: Mapping[str, Any]) -> BudgetRow:
        """Write a budget down."""
        return shaped(BudgetRow, self._ask("POST", "/api/v1/budgets", wanted))

    def withdraw_budget(self, budget_id: str) -> None:
        """Withdraw a budget."""
        self._ask("DELETE", f"/api/v1/budgets/{quoted(budget_id)}")

    def change_budget(self, budget_id: str, wanted: Mapping[str, Any]) -> BudgetRow:
        """Let a budget say something else."""
        path = f"/api/v1/budgets/{quoted(budget_id)}"
        return shaped(BudgetRow, self._ask("PUT", path, wanted))

    def deliveries(self, **range_: Parameter) -> list[DeliveryRow]:
        """Return the attempts to tell of alerts, newest first."""
        return [shaped(DeliveryRow, row) for row in self._get("/api/v1/alerts/deliveries", range_)]

    def test_channel(self, channel: str) -> None:
        """Have a test sent on a channel."""
        self._ask("POST", "/api/v1/alerts/test", {"channel": channel})

    def stops(self) -> list[StopRow]:
        """Return what operators have stopped."""
        return [shaped(StopRow, stop) for stop in self._get("/api/v1/stops")]

    def lift_stop(self, stop_id: str) -> None:
        """Let what was stopped go on."""
        self._ask("DELETE", f"/api/v1/stops/{quoted(stop_id)}")

    def detectors(self) -> list[DetectorRow]:
        """Return the detectors, with what is set about each."""
        return [shaped(DetectorRow, found) for found in self._get("/api/v1/detectors")]

    def tune_detector(self, name: str, wanted: Mapping[str, Any]) -> None:
        """Let a detector tell otherwise from now on."""
        self._ask("PUT", f"/api/v1/detectors/{quoted(name)}", wanted)

    def approvals(self, **range_: Parameter) -> list[ApprovalRow]:
        """Return the tool calls that wait, or waited, for a person."""
        return [shaped(ApprovalRow, found) for found in self._get("/api/v1/approvals", range_)]

    def decide_approval(self, approval_id: str, verdict: str, by: str, reason: str) -> None:
        """Approve or deny a tool call, as a person of this name."""
        said = {"verdict": verdict, "by": by, "reason": reason}
        self._ask("POST", f"/api/v1/approvals/{quoted(approval_id)}/decision", said)

    def policies(self) -> list[PolicyRow]:
        """Return which tool calls need a person or are refused."""
        return [shaped(PolicyRow, found) for found in self._get("/api/v1/policies")]

    def preview_policy(self, wanted: Mapping[str, Any], **range_: Parameter) -> PolicyPreview:
        """Return the tool calls that a policy would have been about; nothing is written."""
        answer = self._ask("POST", "/api/v1/policies/preview", wanted, range_)
        return shaped(PolicyPreview, answer)

    def put_policy(self, policy_id: str, wanted: Mapping[str, Any], by: str) -> None:
        """Let a policy hold from now on."""
        self._ask("PUT", f"/api/v1/policies/{quoted(policy_id)}", wanted, {"by": by})

    def end_policy(self, policy_id: str, by: str) -> None:
        """Withdraw a policy."""
        self._ask("DELETE", f"/api/v1/policies/{quoted(policy_id)}", None, {"by": by})

    def errands(self, channels: Sequence[str]) -> list[Errand]:
        """Return what is due on channels, what came first first."""
        found = self._get("/api/v1/alerts/outbox", {"channel": channels})
        return [shaped(Errand, errand) for errand in found]

    def note_delivery(self, errand: Errand, error: str, permanent: bool) -> DeliveryRow:
        """Note how an attempt at an errand went; `error` is '' where it went well."""
        fields = ("project_id", "message_id", "event", "channel", "attempt")
        said = {name: getattr(errand, name) for name in fields}
        said |= {"error": error, "permanent": permanent}
        return shaped(DeliveryRow, self._ask("POST", "/api/v1/alerts/deliveries", said))

    def health(self) -> Health:
        """Return the state of the store; an answer of 503 is a state, not an error."""
        try:
            answer = self._get("/readyz")
        except Refused as refusal:
            if refusal.status != httpx.codes.SERVICE_UNAVAILABLE:
                raise
            return Health(ready=False)
        return shaped(Health, answer)

    def _get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return the JSON of one answer; raises as `_ask` does."""
        return self._ask("GET", path, parameters=parameters)

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Parameters | None = None,
    ) -> Any:
        """Return the JSON of one answer.

        Raises:
            Unreachable: no answer came, or not the whole of it.
            Refused: the API declined, or what came is not the API's.
        """
        query = httpx.QueryParams(asked(parameters or {}))
        try:
            answer = self._http.request(method, path, params=query, json=body)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.base_url}: {str(error) or type(error).__name__}") from error
        if answer.is_success:
            return decoded(answer)
        raise refusal(answer)


def asked(parameters: Parameters) -> list[tuple[str, str | int | float | bool | None]]:
    """Return query parameters without those that were left open."""
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in parameters.items():
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        else:
            pairs.extend((name, item) for item in value)
    return pairs


def gathered(answer: httpx.Response) -> bytes:
    """Return the whole of a file, or refuse one that is too large to hold."""
    found = bytearray()
    for piece in answer.iter_bytes():
        found += piece
        if len(found) > MOST_FILE_BYTES:
            raise Refused(413, "Too large", "Fetch it from the query API itself, or narrow it.")
    return bytes(found)


def quoted(identifier: str) -> str:
    """Return an id as one path segment; senders put slashes, spaces and dots into theirs."""
    return quote(identifier, safe="").replace(".", "%2E")


__all__ = ["Client", "Health", "Misshapen", "Refused", "Unreachable"]
