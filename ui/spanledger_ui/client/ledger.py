"""What it cost and whether the books balance: spend, prices, files, audit, integrity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanledger_schema.api import Spend
from spanledger_schema.api_ledger import (
    AuditPage,
    DriftingModels,
    Insights,
    Models,
    OwnPrice,
    Repricing,
    UnpricedModels,
    Verification,
)
from spanledger_schema.api_spool import HeldBack, Integrity, Released
from spanledger_ui.client.wire import Parameter, Parameters, Wire, quoted


@dataclass(frozen=True, slots=True)
class Ledger:
    """Questions about money and books."""

    wire: Wire

    def spend(self, group_by: Sequence[str] = (), **filters: Parameter) -> Spend:
        """Return dollars and tokens grouped as asked, and their total."""
        return self.wire.one(Spend, "spend", {"group_by": group_by, **filters})

    def insights(self, **range_: Parameter) -> Insights:
        """Return what caches saved and what failed sessions cost."""
        return self.wire.one(Insights, "spend/insights", range_)

    def export(self, table: str, wanted: Parameters) -> bytes:
        """Return a table as a file, as `GET /api/v1/export/…` makes it.

        Raises:
            Unreachable: no answer came, or not the whole of it.
            Refused: the API declined, or the file is larger than we hold.
        """
        return self.wire.file(f"export/{table}", wanted)

    def file_address(self, table: str, wanted: Parameters) -> str:
        """Return where that file is to be had without us, in any size."""
        return self.wire.address(f"export/{table}", wanted)

    def models(self, **range_: Parameter) -> Models:
        """Return the models called in a range, with their rates in force."""
        return self.wire.one(Models, "models", range_)

    def unpriced(self, **range_: Parameter) -> UnpricedModels:
        """Return the models of a range that have calls without a price."""
        return self.wire.one(UnpricedModels, "models/unpriced", range_)

    def drifting(self, **range_: Parameter) -> DriftingModels:
        """Return the models of a range whose senders report other dollars than we count."""
        return self.wire.one(DriftingModels, "models/drift", range_)

    def prices(self) -> list[OwnPrice]:
        """Return the operator's own prices."""
        return self.wire.many(OwnPrice, "prices")

    def add_price(self, price: Mapping[str, Any]) -> None:
        """Add a price, in the fields of a price file."""
        self.wire.ask("POST", "prices", price)

    def withdraw_price(self, price_id: str) -> None:
        """Take a price back."""
        self.wire.ask("DELETE", f"prices/{quoted(price_id)}")

    def reprice(self, wanted: Mapping[str, Any]) -> Repricing:
        """Return what pricing calls anew moves, or moved where `dry_run` is false."""
        return self.wire.sent(Repricing, "POST", "reprice", wanted)

    def integrity(self) -> Integrity:
        """Return where everything is that was received."""
        return self.wire.one(Integrity, "integrity")

    def quarantine(self) -> list[HeldBack]:
        """Return what the store could not take."""
        return self.wire.many(HeldBack, "quarantine")

    def retry_quarantine(self) -> Released:
        """Have the store try again to take what it could not."""
        return self.wire.sent(Released, "POST", "quarantine/retry", {})

    def verify(self) -> Verification:
        """Return whether the books balance."""
        return self.wire.one(Verification, "verify")

    def audit(self, **page: Parameter) -> AuditPage:
        """Return who changed what."""
        return self.wire.one(AuditPage, "audit", page)
