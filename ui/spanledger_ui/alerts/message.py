"""What is said of an alert, in words and as data: an errand of the outbox in, a message out.

Pure. Amounts are told as they come, "at least" where calls without a price are not in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from spanledger_schema.api_alerts import Errand, Event
from spanledger_schema.api_budgets import AlertRow

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell. `title` is one line; `lines` say the rest."""

    id: str
    event: Event
    severity: str
    title: str
    lines: tuple[str, ...]
    happened_at: datetime
    thread: str
    """The same for all that is told of one alert or approval."""
    data: Mapping[str, Any]
    """The alert or approval as the query API says it, for programs."""


def message(errand: Errand) -> Message:
    """Return what is to be said of an errand."""
    alert, at = errand.alert, datetime.fromisoformat(errand.happened_at)
    if alert is None:
        title = "Spanledger: this is a test of the channel"
        words: tuple[str, ...] = ("Alerts will come this way.",)
        return Message(errand.message_id, "test", "info", title, words, at, errand.message_id, {})
    return Message(
        id=errand.message_id,
        event=errand.event,
        severity=alert.severity,
        title=title_of(errand.event, alert),
        lines=tuple(lines_of(alert)),
        happened_at=at,
        thread=alert.id,
        data={"project_id": errand.project_id, **asdict(alert)},
    )


def title_of(event: Event, alert: AlertRow) -> str:
    """Return the alert in one line: Budget refunds, ann: 80 % of 50 USD spent."""
    whom = f", {one_line(alert.group)}" if alert.group else ""
    basis, _, percent = alert.threshold.partition(":")
    what = "foreseen" if basis == "forecast" else "spent"
    share = f"{percent} % of {alert.limit} {unit(alert)} {what}"
    about = f"Budget {one_line(alert.name)}{whom}: {share}"
    if alert.detail:
        about = f"{alert.name}{whom}: {one_line(alert.detail)}"
    return {"recovered": f"Recovered: {about}", "reminded": f"Still: {about}"}.get(event, about)


def lines_of(alert: AlertRow) -> list[str]:
    """Return what else there is to say of an alert."""
    if alert.detail:
        subject = alert.threshold.removeprefix("found:")
        return [f"Found in a {subject}: {alert.spent} {unit(alert)}, told from {alert.limit} on"]
    least = "at least " if alert.at_least else ""
    said = [f"Spent when it was told: {least}{alert.spent} of {alert.limit} {unit(alert)}"]
    if alert.at_least:
        unpriced = f"{alert.unpriced_calls} calls without a price"
        is_known = alert.measure == "usd" and alert.unpriced_calls
        said.append(f"Not in it: {unpriced if is_known else 'calls that reported no tokens'}")
    if alert.estimated_usd != "0":
        said.append(f"Estimated: {alert.estimated_usd} USD of it")
    if alert.forecast is not None:
        said.append(f"Foreseen for the whole period: {alert.forecast} {unit(alert)}")
    until = f" to {alert.period_end[:16]}Z" if alert.period_end else ""
    return [*said, f"Period: {alert.period_start[:16]}Z{until}"]


def unit(alert: AlertRow) -> str:
    """Return what amounts of an alert are counted in."""
    return "USD" if alert.measure == "usd" else alert.measure.replace("_", " ")


def one_line(name: str) -> str:
    """Return a name that somebody chose as it can stand in a line: cut, nothing unprintable."""
    plain = "".join(c if c.isprintable() else " " for c in name)
    return plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - 1] + "…"


def text_of(messages: Sequence[Message]) -> str:
    """Return messages as plain text."""
    return "\n\n".join("\n".join((m.title, *m.lines)) for m in messages)


def brief(messages: Sequence[Message], most: int) -> str:
    """Return messages as text of at most so many characters: whole, else titles, and how many more."""
    whole = text_of(messages)
    if len(whole) <= most:
        return whole
    told = [m.title for m in messages]
    while told:
        more = len(messages) - len(told)
        text = "\n".join([*told, *([f"… and {more} more"] if more else [])])
        if len(text) <= most:
            return text
        told.pop()
    return f"{len(messages)} alerts"


def subject_of(messages: Sequence[Message]) -> str:
    """Return one line for messages that go out together."""
    if len(messages) == 1:
        return messages[0].title
    return f"{len(messages)} alerts, first: {messages[0].title}"


def gravest(messages: Sequence[Message]) -> str:
    """Return the highest severity among messages."""
    return max((m.severity for m in messages), key=SEVERITIES.index)


SEVERITIES = ("info", "warning", "critical")
