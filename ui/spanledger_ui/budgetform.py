"""What a person enters about a budget, as the API's fields, and what the API answers, as rows.

Plain texts come in, the fields of docs/budgets.md go out; rows of standings, alerts and stops go out
as rows of a ledger. Checks nothing that the API checks. Pure; knows no Streamlit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from spanledger_schema.api_budgets import (
    AlertRow,
    BudgetRow,
    CountedRow,
    PreviewRow,
    StandingRow,
    StopRow,
)
from spanledger_ui import text
from spanledger_ui.components import Cell, Row, columns

UNITS = {"usd": "USD", "tokens": "tokens", "calls": "calls", "failed_calls": "failed calls"}

PERIODS = {
    "month": "month", "day": "day", "week": "week", "hour": "hour", "quarter": "quarter",
    "year": "year", "session": "session", "rolling": "last hours (rolling)",
}  # fmt: skip

SCOPES = ("agent", "user", "session", "environment", "service", "provider", "model", "tag")

RARE = (
    "scope.session", "scope.environment", "scope.service", "scope.provider", "scope.model", "scope.tag",
    "hours", "starts_on", "remind_hours", "channels", "owner", "note",
)  # fmt: skip
"""The fields of the form that few budgets fill."""

EXAMPLES = {
    "each": "all as one; user, or tag:team",
    "thresholds": "80, 100 critical, 100 forecast", "scope.tag": "team:search", "hours": "24",
    "starts_on": "1", "remind_hours": "never", "channels": "all; or ops, mail",
}  # fmt: skip
"""What stands in a field that is empty."""

TONES = {"info": "quiet", "warning": "waiting", "critical": "error"}

STANDINGS = columns({
    "name": "Budget", "until": "Until", "spent": "Spent", "limit": "Limit", "share": "Share",
    "remaining": "Left", "forecast": "Forecast", "exhausted": "Spent up on", "state": "State",
}, wide="name", numbers="spent limit share remaining forecast",
   named="until exhausted")  # fmt: skip

COUNTED = columns({
    "name": "Budget", "counted": "Of this session", "limit": "Limit", "remaining": "Left of all",
    "hard": "When it is spent",
}, wide="name", numbers="counted limit remaining", named="hard")  # fmt: skip

ALERTS = columns({
    "fired": "When", "name": "Budget or detector", "threshold": "Threshold", "spent": "Spent",
    "limit": "Limit", "reminded": "Reminded", "state": "State",
}, wide="name", numbers="spent limit", named="reminded")  # fmt: skip

PREVIEW = columns({
    "period": "Period", "group": "Of", "spent": "Would have come to",
    "crossed": "Would have told",
}, wide="period", numbers="spent")  # fmt: skip

STOPS = columns(
    {"what": "Stopped", "since": "Since", "by": "By", "reason": "Why"},
    wide="what",
    named="since by",
)


def amount(value: str, measure: str) -> str:
    """Return an amount in the measure of its budget."""
    if measure == "usd":
        return f"{text.usd(value, 2 if abs(Decimal(value)) >= 1 else 4)} USD"
    return f"{Decimal(value):,f} {UNITS.get(measure, measure)}"


def spent(value: str, measure: str, at_least: bool) -> Cell:
    """Return what was spent; "at least" where calls without a price are missing from it."""
    said = amount(value, measure)
    return {"text": f"at least {said}" if at_least else said, "title": value}


def left_out(standing: StandingRow) -> str:
    """Return which calls are not in what is spent, '' where all of them are."""
    if not standing.at_least:
        return ""
    if standing.measure == "usd" and standing.unpriced_calls:
        return f"{text.calls(standing.unpriced_calls)} unpriced"
    return "calls that reported no tokens"


def standing_row(standing: StandingRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one budget, or of one group of it."""
    measure, ahead = standing.measure, standing.outlook
    part = float(Decimal(standing.spent) / Decimal(standing.limit))
    unpriced = left_out(standing)
    return {
        "href": edit(standing.budget_id),
        "cells": {
            "name": {"text": standing.name, "under": standing.group or unpriced, "title": unpriced},
            "until": text.moment(standing.period_end, zone, now),
            "spent": spent(standing.spent, measure, standing.at_least),
            "limit": amount(standing.limit, measure),
            "share": {"text": text.per_cent(part), "share": min(1.0, part)},
            "remaining": amount(standing.remaining, measure),
            "forecast": {
                "text": amount(ahead.amount, measure),
                "title": f"{amount(ahead.low, measure)} to {amount(ahead.high, measure)}",
            }
            if ahead
            else {"text": text.UNKNOWN, "title": "Too little is known yet", "tone": "quiet"},
            "exhausted": "already"
            if Decimal(standing.remaining) <= 0
            else text.moment(ahead.exhausted_at if ahead else None, zone, now),
            "state": state(standing),
        },
    }


def counted_row(counted: CountedRow) -> Row:
    """Return the line of a budget that counts a session."""
    measure = counted.measure
    return {
        "href": edit(counted.budget_id),
        "cells": {
            "name": {"text": counted.name, "under": counted.group},
            "counted": spent(counted.counted, measure, counted.at_least),
            "limit": amount(counted.limit, measure),
            "remaining": amount(counted.remaining, measure),
            "hard": "agents that ask must stop" if counted.hard else "people are told",
        },
    }


def state(standing: StandingRow) -> Cell:
    """Return the state of a budget in a word, the thresholds that it crossed in the tooltip."""
    crossed = ", ".join(map(threshold, standing.crossed))
    if Decimal(standing.remaining) <= 0:
        return {"text": "stops" if standing.hard else "spent", "tone": "error", "title": crossed}
    if crossed:
        return {"text": crossed, "tone": "waiting"}
    return {"text": "good", "tone": "ok"}


def threshold(name: str) -> str:
    """Return `actual:80` as "80 %", `forecast:100` as "100 % forecast"."""
    basis, _, percent = name.partition(":")
    return f"{percent} %" if basis == "actual" else f"{percent} % {basis}"


def alert_row(alert: AlertRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one alert."""
    recovered = alert.recovered_at
    again = f"{alert.told - 1}×, {text.moment(alert.told_at, zone, now)}" if alert.told > 1 else ""
    return {
        "cells": {
            "fired": text.moment(alert.fired_at, zone, now),
            "name": {"text": alert.name, "under": alert.group},
            "threshold": alert.detail or threshold(alert.threshold),
            "spent": spent(alert.spent, alert.measure, alert.at_least),
            "limit": amount(alert.limit, alert.measure),
            "reminded": again or text.UNKNOWN,
            "state": {"text": f"recovered {text.moment(recovered, zone, now)}", "tone": "ok"}
            if recovered
            else {"text": alert.severity, "tone": TONES[alert.severity]},
        }
    }


def preview_row(past: PreviewRow, measure: str, zone: tzinfo, now: datetime) -> Row:
    """Return the line of one period of the past."""
    ends = (text.moment(stamp, zone, now) for stamp in (past.period_start, past.period_end))
    return {
        "cells": {
            "period": " – ".join(ends),
            "group": past.group or text.UNKNOWN,
            "spent": spent(past.spent, measure, past.at_least),
            "crossed": ", ".join(map(threshold, past.crossed)) or text.UNKNOWN,
        }
    }


def stop_row(stop: StopRow, zone: tzinfo, now: datetime) -> Row:
    """Return the line of what an operator has stopped."""
    return {
        "cells": {
            "what": f"{stop.subject} {stop.value}".strip(),
            "since": text.moment(stop.since, zone, now),
            "by": stop.by or text.UNKNOWN,
            "reason": stop.reason or text.UNKNOWN,
        }
    }


def fields(entered: Mapping[str, Any]) -> dict[str, Any]:
    """Return a budget as the API takes it; what is left empty is left out, for the API to fill in."""
    period = {"unit": entered["unit"], "zone": entered["zone"]}
    return {
        "name": entered["name"],
        "limit": entered["limit"],
        "measure": entered["measure"],
        "period": period
        | {name: entered[name] for name in ("hours", "starts_on") if entered[name]},
        "scope": {name: said for name in SCOPES if (said := entered[f"scope.{name}"])},
        "each": entered["each"] or "",
        "thresholds": thresholds(entered["thresholds"]),
        "hard": entered["hard"],
        "channels": [name for part in entered["channels"].split(",") if (name := part.strip())],
        "remind_hours": entered["remind_hours"] or 0,
        "owner": entered["owner"],
        "note": entered["note"],
    }


BLANK: Mapping[str, Any] = {
    **dict.fromkeys(("name", "each", "zone", *RARE, "scope.agent", "scope.user"), ""),
    "limit": "100", "measure": "usd", "unit": "month", "thresholds": "50, 80, 100", "hard": False,
}  # fmt: skip
"""What a new budget says before anybody has entered anything."""


def entered(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return a budget as the fields of its form; what is as it comes is left empty."""
    same = ("name", "limit", "measure", "each", "hard", "owner", "note")
    period, scope = written["period"], written.get("scope", {})
    return {name: written.get(name) or BLANK[name] for name in same} | {
        "unit": period["unit"],
        "zone": period["zone"],
        "hours": str(period.get("hours") or ""),
        "starts_on": str(period["starts_on"]) if period.get("starts_on", 1) != 1 else "",
        **{f"scope.{name}": scope.get(name, "") for name in SCOPES},
        "thresholds": ", ".join(map(share, written["thresholds"])),
        "channels": ", ".join(written.get("channels", ())),
        "remind_hours": str(written.get("remind_hours") or ""),
    }


def share(threshold: Mapping[str, str]) -> str:
    """Return a threshold as a person writes it: 100 forecast critical."""
    usual = {"actual", "warning"}
    words = (threshold["basis"], threshold.get("severity", "warning"))
    return " ".join([plain(threshold["percent"]), *(word for word in words if word not in usual)])


def plain(percent: str) -> str:
    """Return a percentage without digits that say nothing."""
    return f"{Decimal(percent).normalize():f}"


def changed(written: Mapping[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return a budget with what was entered anew; what the form does not show stays as it was."""
    before, after = fields(entered(written)), fields(now)
    new = {name: value for name, value in after.items() if value != before[name]}
    return {name: value for name, value in written.items() if name != "project_id"} | new


def uncounted_row(budget: BudgetRow) -> Row:
    """Return the line of a budget that has counted nothing yet."""
    written = budget.written
    return {
        "href": edit(budget.id),
        "cells": {
            "name": {"text": written["name"], "under": "has counted nothing yet"},
            "limit": amount(written["limit"], written["measure"]),
        },
    }


def edit(budget_id: str) -> str:
    """Return the address at which a budget is changed."""
    return f"budgets?{urlencode({'edit': budget_id})}"


def thresholds(written: str) -> Sequence[dict[str, str]]:
    """Return thresholds apart by commas, each a percentage and, after it, its basis and severity."""
    parts = [part.replace("%", " ").split() for part in written.split(",") if part.strip(" %")]
    return [threshold_of(*part) for part in parts]


def threshold_of(percent: str, *words: str) -> dict[str, str]:
    """Return a threshold; a word that is no severity is its basis, which the API knows or refuses."""
    basis = next((word for word in words if word not in TONES), "actual")
    grave = [("severity", word) for word in words if word in TONES]
    return {"percent": percent, "basis": basis, **dict(grave)}
