"""Shapes of the query API about saved views."""

from dataclasses import dataclass
from typing import Literal

Page = Literal["sessions", "spend"]


@dataclass(frozen=True, slots=True)
class View:
    """A filter, a range and columns that were given a name: what an address says after its "?"."""

    page: Page
    name: str
    asks: str  # range=7d&q=agent%3Arefunds
    changed_at: str
    changed_by: str | None
