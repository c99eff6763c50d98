"""When a report of spend is due: `weekly Europe/Berlin` in, the last whole period out. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNITS = ("daily", "weekly", "monthly")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a channel is told what was spent, on whose clock, of which project."""

    unit: str
    zone: ZoneInfo
    project: str = "default"

    def days(self, now: datetime) -> tuple[date, date]:
        """Return the first day of the last whole period, and the day after it."""
        today = now.astimezone(self.zone).date()
        if self.unit == "daily":
            return today - timedelta(days=1), today
        if self.unit == "weekly":
            monday = today - timedelta(days=today.weekday())
            return monday - timedelta(days=7), monday
        first = today.replace(day=1)
        return (first - timedelta(days=1)).replace(day=1), first

    def midnight(self, day: date) -> datetime:
        """Return the first moment of a day on this clock, in UTC."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


def schedule(written: object, project: object) -> Schedule:
    """Return a schedule as the file of channels says it; raise ValueError where it is none."""
    unit, _, zone = written.partition(" ") if isinstance(written, str) else ("", "", "")
    if unit not in UNITS or not isinstance(project, str):
        raise ValueError(f"report: {written!r}; write {', '.join(UNITS)}, and a zone after it")
    try:
        return Schedule(unit, ZoneInfo(zone or "UTC"), project)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"report: no time zone {zone!r}; write weekly Europe/Berlin") from error
