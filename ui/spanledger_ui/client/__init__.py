"""The query API, as dataclasses: one object for each thing it can be asked about.

Parameters go in, the shapes of `spanledger_schema.api` come out. Knows HTTP and nothing of
Streamlit; every failure is one of two errors that say what to do.
"""

from copy import copy
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from spanledger_ui.client.access import Access
from spanledger_ui.client.alerts import Alerts
from spanledger_ui.client.ledger import Ledger
from spanledger_ui.client.limits import Limits
from spanledger_ui.client.runs import Runs
from spanledger_ui.client.wire import Refused, Unreachable, Wire


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
        wire = Wire(base_url, headers, transport)
        self._ask_over(wire.about(project) if project else wire)

    def _ask_over(self, wire: Wire) -> None:
        self._wire = wire
        self.runs = Runs(wire)
        self.ledger = Ledger(wire)
        self.limits = Limits(wire)
        self.alerts = Alerts(wire)
        self.access = Access(wire)

    def about(self, project: str) -> Self:
        """Return a client of these very connections that asks about another project."""
        other = copy(self)
        other._ask_over(self._wire.about(project))
        return other

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
    def keyed(self) -> bool:
        """Tell whether a key, or what a provider says of a person, goes with every question."""
        return "Authorization" in self._wire.http.headers

    @property
    def closed(self) -> bool:
        """Tell whether the connections are closed."""
        return self._wire.http.is_closed

    def close(self) -> None:
        """Close the connections."""
        self._wire.http.close()

    def health(self) -> Health:
        """Return the state of the store; an answer of 503 is a state, not an error."""
        try:
            return self._wire.one(Health, "/readyz")
        except Refused as refusal:
            if refusal.status != httpx.codes.SERVICE_UNAVAILABLE:
                raise
            return Health(ready=False)


__all__ = ["Client", "Health", "Refused", "Unreachable"]
