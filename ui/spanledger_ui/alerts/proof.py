"""The channel of the daily synthetic alert: it tells nobody. That it was reached is noted as of any."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from spanledger_ui.alerts.message import Message


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where the synthetic alert arrives."""

    groups: ClassVar[bool] = False

    def notify(self, messages: Sequence[Message]) -> None:
        """Tell nobody."""
