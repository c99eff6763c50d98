"""The time range of a page: a preset that moves with the clock, or two moments that stay.

Both live in the URL: `range=7d`, or `from=…&to=…`, which win. So a link to "the last day" shows
whoever opens it their last day, and a link to an incident shows the incident.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

import streamlit as st

from spanledger_ui import page

HOURS_WITHIN = timedelta(days=2)
MINUTES_WITHIN = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Range:
    """Moments from `since` to before `until`; None is an open end."""

    since: datetime | None
    until: datetime | None

    @property
    def asked(self) -> dict[str, str | None]:
        """Return the parameters of the query API."""
        return {"since": written(self.since), "until": written(self.until)}

    def on_clock(self, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        """Return both ends as the reader's clock shows them; a beginning alone ends now."""
        until = self.until or (page.now_or_later() if self.since else None)
        ends = (m.astimezone(zone).replace(tzinfo=None) if m else None for m in (self.since, until))
        since, until = ends
        return since, until

    @property
    def grain(self) -> str:
        """Return the buckets that a strip of this range is drawn in."""
        if self.since is None:
            return "day"
        length = (self.until or page.now()) - self.since
        if length <= MINUTES_WITHIN:
            return "minute"
        return "hour" if length <= HOURS_WITHIN else "day"


def written(moment: datetime | None) -> str | None:
    """Return a moment as the API reads it."""
    return moment.isoformat() if moment else None


def chosen(default: str) -> Range:
    """Return the range of the URL."""
    since, until = moment("from"), moment("to")
    if since or until:
        return Range(since, until)
    length = page.RANGES[preset(default)]
    return Range(page.now() - length if length else None, None)


def preset(default: str) -> str:
    """Return the preset of the URL."""
    named = st.query_params.get("range", default)
    return named if named in page.RANGES else default


def moment(name: str) -> datetime | None:
    """Return a moment of the URL in the reader's zone, None where there is none that can be read."""
    try:
        found = datetime.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=page.zone())


def keep(since: datetime, until: datetime) -> None:
    """Put two moments into the URL."""
    st.query_params.update({"from": since.isoformat(), "to": until.isoformat()})


def forget() -> None:
    """Take absolute moments out of the URL: the preset holds again."""
    for name in ("from", "to"):
        st.query_params.pop(name, None)


def controls(default: str, changed: page.Callback) -> None:
    """Draw the presets, and two days to choose instead; `changed` is called when either is."""
    st.segmented_control(
        "Range",
        list(page.RANGES),
        default=default,
        required=True,
        label_visibility="collapsed",
        key="range",
        bind="query-params",
        on_change=preset_chosen,
        args=(changed,),
    )
    with st.popover("Dates", icon=":material/calendar_month:"):
        st.date_input("From and to, both days included", [], key="days", format="YYYY-MM-DD")
        st.button("Show these days", on_click=take_days, args=(changed,))
        with st.container(horizontal=True, gap="small"):
            st.button("This month", on_click=take_month, args=(0, changed))
            st.button("Last month", on_click=take_month, args=(1, changed))


def preset_chosen(changed: page.Callback) -> None:
    """Let the preset hold."""
    forget()
    changed()


def take_days(changed: page.Callback) -> None:
    """Put the chosen days into the URL."""
    days = st.session_state["days"]
    if days:
        here = page.zone()
        keep(midnight(days[0], here), midnight(days[-1] + timedelta(days=1), here))
        changed()


def take_month(ago: int, changed: page.Callback) -> None:
    """Put a month of the reader's calendar into the URL: this one, or one so many months ago."""
    here = page.zone()
    keep(*month(page.now().astimezone(here), ago))
    changed()


def month(now: datetime, ago: int) -> tuple[datetime, datetime]:
    """Return where the month so many months before `now` begins, and the one after it."""
    begins = datetime.combine(now.replace(day=1), time(), now.tzinfo)
    for _ in range(ago):
        begins = (begins - timedelta(days=1)).replace(day=1)
    return begins, (begins + timedelta(days=31)).replace(day=1)


def midnight(day: datetime, zone: tzinfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time(), zone)


def note(shown: Range) -> None:
    """Say which absolute range holds, and offer the way back."""
    if moment("from") is None and moment("to") is None:
        return
    zone = page.zone()
    ends = [
        f"{m.astimezone(zone):%-d %b %Y %H:%M}" if m else "…" for m in (shown.since, shown.until)
    ]
    with st.container(key="quiet-range", horizontal=True, vertical_alignment="center"):
        st.text(f"{ends[0]} – {ends[1]}")
        st.button("Back to the preset", on_click=forget, type="tertiary", icon=":material/close:")
