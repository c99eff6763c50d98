"""The strip above a table: what sessions did over time, as bars for the component `pulse`.

A `Pulse` comes in, plain values go out. Heights are square roots, which keep a quiet hour readable
beside a dear one; a bucket that has sessions but nothing to show of the measure is "quiet", so that
"no price" does not read as "nothing happened".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil, sqrt
from typing import TypedDict
from zoneinfo import ZoneInfo

from spanledger_schema.api_tables import Beat, Pulse
from spanledger_ui import axis, text

MOST_TICKS = 8
LEAST_HEIGHT = 0.04

STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class Bar(TypedDict):
    """A bucket of time that has sessions."""

    at: int  # its place on the axis
    share: float  # of the height there is
    quiet: bool
    title: str


class Strip(TypedDict):
    """All that is drawn; `ticks` are places on the axis and what stands below them."""

    label: str
    buckets: int
    bars: list[Bar]
    ticks: list[tuple[int, str]]


def drawn(told: Pulse, measure: str, label: str) -> Strip:
    """Return the strip of one measure: sessions, cost or p95."""
    heights = [sqrt(height(beat, measure)) for beat in told.beats]
    most = max(heights, default=0) or 1
    places = [place(told, beat.start) for beat in told.beats]
    return {
        "label": label,
        "buckets": (buckets := places[-1] + 1 if places else 0),
        "bars": [
            {
                "at": at,
                "share": round(max(tall / most, LEAST_HEIGHT), 4),
                "quiet": not tall,
                "title": title(beat, told.grain),
            }
            for at, tall, beat in zip(places, heights, told.beats, strict=True)
            if beat.sessions
        ],
        "ticks": ticks(told, buckets),
    }


def over(told: Pulse, since: datetime | None, until: datetime | None) -> Pulse:
    """Return the buckets of a range from its first to its last, whether anything ran in them or not.

    `since` and `until` are on the clock of the zone that was asked for, as `axis.reach` takes them.
    """
    if not told.beats:
        return told
    starts = [datetime.fromisoformat(beat.start) for beat in told.beats]
    first, last = axis.reach(starts, STEPS[told.grain], since, until)
    before = [empty(told, first)] if first < starts[0] else []
    after = [empty(told, last)] if last > starts[-1] else []
    return replace(told, beats=[*before, *told.beats, *after])


def empty(told: Pulse, at: datetime) -> Beat:
    """Return a bucket in which nothing ran."""
    start = at.date().isoformat() if told.grain == "day" else at.isoformat()
    return Beat(start, 0, 0, "0", 0, 0)


def first(told: Pulse) -> datetime:
    """Return where the axis begins, on the clock of the zone that was asked for."""
    return datetime.fromisoformat(told.beats[0].start)


def place(told: Pulse, start: str) -> int:
    """Return the place of a bucket on the axis."""
    return (datetime.fromisoformat(start) - first(told)) // STEPS[told.grain]


def height(beat: Beat, measure: str) -> float:
    """Return what a bar stands for."""
    if measure == "cost":
        return float(beat.cost_usd or 0)
    return float(beat.p95_ns if measure == "p95" else beat.sessions)


def title(beat: Beat, grain: str) -> str:
    """Return what a bar says where the mouse is."""
    at = datetime.fromisoformat(beat.start)
    when = f"{at:%-d %b %Y}" if grain == "day" else f"{at:%-d %b %Y, %H:%M}"
    ran = "1 session" if beat.sessions == 1 else f"{beat.sessions:,} sessions"
    failed = f", {beat.failed_sessions:,} failed" if beat.failed_sessions else ""
    return f"{when}\n{ran}{failed}\n{text.beat_usd(beat)}\np95 {text.duration(beat.p95_ns)}"


def ticks(told: Pulse, buckets: int) -> list[tuple[int, str]]:
    """Return what stands below the strip: days, or hours and the day where it changes."""
    step, found, day = max(1, ceil(buckets / MOST_TICKS)), [], ""
    for at in range(0, buckets, step):
        moment = first(told) + STEPS[told.grain] * at
        today = f"{moment:%-d %b}"
        clock = f"{moment:%H:%M}" if told.grain != "day" else ""
        found.append((at, f"{clock} {today if today != day else ''}".strip()))
        day = today
    return found


def chosen(told: Pulse, bars: Sequence[int]) -> tuple[datetime, datetime] | None:
    """Return from when to when the chosen buckets last, None where there is nothing in them."""
    begins, ends = min(bars), max(bars)
    ran = (place(told, beat.start) for beat in told.beats if beat.sessions)
    if not any(begins <= at <= ends for at in ran):
        return None
    step, origin = STEPS[told.grain], first(told).replace(tzinfo=ZoneInfo(told.time_zone))
    return origin + step * begins, origin + step * (ends + 1)
