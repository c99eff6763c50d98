"""Reports of spend: what the last day, week or month came to, told once on each channel that wants it.

The numbers are those of `GET /api/v1/spend`, asked when a report goes out. What became of it stands in
the log of deliveries, which is asked once at the start: nothing else is kept.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from spanledger_schema.api import Spend, SpendRow, Totals
from spanledger_schema.api_alerts import Errand
from spanledger_ui import text
from spanledger_ui.alerts.channels import Channel
from spanledger_ui.alerts.errands import told
from spanledger_ui.alerts.message import Message, one_line
from spanledger_ui.alerts.schedule import Schedule
from spanledger_ui.client import Client

LOG_DAYS = 35
SHOWN = 5
BY = ("agent", "model")

PERIODS = {"daily": "day", "weekly": "week", "monthly": "month"}


class Reporter:
    """Tells one channel what was spent."""

    def __init__(self, client: Client, channel: Channel, schedule: Schedule) -> None:
        self._client = client
        self._channel = channel
        self._schedule = schedule
        self._asked = False
        self._done: set[str] = set()
        self._attempts: dict[str, tuple[int, str | None]] = {}
        """Of what failed: how often it was tried, and when it is to be tried again."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def run(self, now: datetime) -> bool:
        """Tell of the last whole period unless that was done; return whether it was tried."""
        first, end = self._schedule.days(now)
        id_ = f"report.{self._schedule.unit}.{first}"
        if not self._is_due(id_, now):
            return False
        said = self._message(id_, self._schedule.midnight(first), self._schedule.midnight(end))
        if self._channel.waits(said, now):
            return False
        error = told(self._channel, [said])
        attempt = self._attempts.get(id_, (0, None))[0] + 1
        errand = Errand(
            id_, self._schedule.project, "report", self._channel.name, attempt,
            said.happened_at.isoformat(), None,
        )  # fmt: skip
        noted = self._client.alerts.note_delivery(
            errand, error.code if error else "", bool(error and error.permanent)
        )
        self._note(id_, noted.attempt, noted.outcome, noted.next_at)
        return True

    def _is_due(self, id_: str, now: datetime) -> bool:
        if not self._asked:
            for row in reversed(self._client.alerts.deliveries(days=LOG_DAYS, limit=10_000)):
                if row.channel == self._channel.name and row.event == "report":
                    self._note(row.message_id, row.attempt, row.outcome, row.next_at)
            self._asked = True
        again = self._attempts.get(id_, (0, None))[1]
        return id_ not in self._done and (again is None or datetime.fromisoformat(again) <= now)

    def _note(self, id_: str, attempt: int, outcome: str, next_at: str | None) -> None:
        if outcome == "retry":
            self._attempts[id_] = attempt, next_at
        else:
            self._done.add(id_)

    def _message(self, id_: str, since: datetime, until: datetime) -> Message:
        """Return what was spent from one moment to another, beside the period before it."""
        zone = str(self._schedule.zone)
        range_ = {"since": since.isoformat(), "until": until.isoformat(), "tz": zone}
        before_first, before_end = self._schedule.days(since)
        before = self._client.ledger.spend(
            (),
            since=self._schedule.midnight(before_first).isoformat(),
            until=self._schedule.midnight(before_end).isoformat(),
            tz=zone,
        )
        by = {name: self._client.ledger.spend((name,), **range_) for name in BY}
        return message(id_, self._schedule, since, until, by, before.total)


def message(
    id_: str,
    schedule: Schedule,
    since: datetime,
    until: datetime,
    by: Mapping[str, Spend],
    before: Totals,
) -> Message:
    """Return spend as it is told: the total, what it leaves out, the period before, the dearest."""
    total, period = by[BY[0]].total, PERIODS[schedule.unit]
    first = since.astimezone(schedule.zone).date()
    lines = [
        f"Project {schedule.project}, {first} to {until.astimezone(schedule.zone).date()}"
        f" (exclusive, {schedule.zone})",
        f"{text.calls(total.calls)}; the {period} before: {text.spent(before, 2)}",
        *text.left_out(total),
        *(line for name, spend in by.items() for line in dearest(name, spend)),
    ]
    title = f"Spend of the {period} from {first}: {text.spent(total, 2)}"
    data = {"project_id": schedule.project, "since": since.isoformat(), "until": until.isoformat(),
            "cost_usd": total.cost_usd, "calls": total.calls,
            "unpriced_calls": total.unpriced_calls}  # fmt: skip
    return Message(id_, "report", "info", title, tuple(lines), until, id_, data)


def dearest(name: str, spend: Spend) -> Iterator[str]:
    """Yield the dearest values of a dimension, and how many more there are."""
    for row in spend.rows[:SHOWN]:
        yield f"{name} {named(row, name)}: {text.spent(row.totals, 2)}"
    if len(spend.rows) > SHOWN:
        yield f"… and {len(spend.rows) - SHOWN} more"


def named(row: SpendRow, name: str) -> str:
    """Return what a row is about."""
    return one_line(row.key[name] or text.UNKNOWN)
