"""What every question to the ledger and every change of it needs: store, prices, clock, writer."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from spanledger_collector.handover import Handover
from spanledger_collector.ledger.accounts import Account
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """The ledger of one store process."""

    store: Store
    handover: Handover
    accounts: Callable[[], Sequence[Account]]  # of every spool
    clock: Callable[[], int] = time.time_ns
    repricing: threading.Lock = field(default_factory=threading.Lock)  # one at a time

    @property
    def book(self) -> Pricebook:
        """Return the prices in force."""
        return self.handover.book
