"""Charts. Answers of the query API come in, Plotly figures go out; knows no Streamlit.

A row without dollars draws no bar, and its unpriced calls draw a mark: missing never reads as 0.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import plotly.graph_objects as go

from spanledger_schema.api import Spend, SpendRow
from spanledger_ui import axis, text

TOP = 6
OTHER = "other"

SPEND_PX = 320

BUCKET_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
BAR_SHARE = 0.78  # of the room that a bucket has
# dates as the tables write them; the day below the hour, where it changes
TICKS = [
    {"dtickrange": [None, BUCKET_MS["day"] - 1], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [BUCKET_MS["day"], "M1"], "value": "%-d %b"},
    {"dtickrange": ["M1", None], "value": "%b %Y"},
]


def spend_by_day(
    spend: Spend,
    colours: Sequence[str],
    grain: str = "day",
    by: str = "model",
    since: datetime | None = None,
    until: datetime | None = None,
) -> go.Figure:
    """Return dollars by day, stacked, the dearest at the bottom.

    Args:
        spend: grouped by `grain` and `by`.
        colours: one a series; the last one is for all series beyond the first six.
        grain: the dimension that makes the axis.
        by: the dimension that makes the series.
        since: where the range begins, on the reader's clock, as `axis.reach` takes it.
        until: where it ends.
    """
    names = dearest(spend.rows, by)
    series = stacked(spend.rows, names, grain, by)
    painted = zip(series.items(), colours, strict=False)
    figure = go.Figure([bars(name, days, colour, grain) for (name, days), colour in painted])
    if marks := unpriced(spend.rows, grain):
        figure.add_trace(unpriced_marks(marks, series))
    figure.update_layout(
        barmode="stack",
        height=SPEND_PX,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"orientation": "h", "y": -0.14, "x": 0, "traceorder": "normal"},
        hovermode="x unified",
        yaxis={
            "ticksuffix": " USD",
            "tickformat": f",.{places(series)}f",
            "rangemode": "tozero",
            "nticks": 6,
        },
        xaxis={
            "type": "date",
            "range": ends(spend.rows, grain, since, until),
            "tickformatstops": TICKS,
            "hoverformat": hover(grain),
        },
    )
    return figure


def dearest(rows: Sequence[SpendRow], by: str) -> list[str]:
    """Return the series by dollars, dearest first, all beyond the sixth as "other"."""
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.totals.cost_usd is not None:
            spent[named(row, by)] += Decimal(row.totals.cost_usd)
    names = sorted(spent, key=lambda name: (-spent[name], name))
    return names if len(names) <= TOP else [*names[:TOP], OTHER]


def stacked(
    rows: Sequence[SpendRow], names: Sequence[str], grain: str, by: str
) -> dict[str, dict[str, Decimal]]:
    """Return dollars by series and day; a day without a price for one has no entry."""
    series: dict[str, dict[str, Decimal]] = {name: defaultdict(Decimal) for name in names}
    for row in rows:
        day = row.key.get(grain)
        if day is None or row.totals.cost_usd is None:
            continue
        name = named(row, by) if named(row, by) in series else OTHER
        series[name][day] += Decimal(row.totals.cost_usd)
    return series


def places(series: Mapping[str, Mapping[str, Decimal]]) -> int:
    """Return how many decimals the dollars beside an axis need, alike on all of it."""
    days: dict[str, Decimal] = defaultdict(Decimal)
    for spent in series.values():
        for day, usd in spent.items():
            days[day] += usd
    top = max(days.values(), default=Decimal(0))
    return next(
        (n for n, least in ((0, 10), (2, Decimal("0.1")), (4, Decimal("0.001"))) if top >= least), 6
    )


def hover(grain: str) -> str:
    """Return how a bucket is written where the mouse is."""
    return "%-d %b %Y" if grain == "day" else "%-d %b %Y, %H:%M"


def bars(name: str, days: Mapping[str, Decimal], colour: str, grain: str) -> go.Bar:
    """Return the bars of one series."""
    order = sorted(days)
    return go.Bar(
        name=plain(name),
        x=order,
        y=[float(days[day]) for day in order],
        width=BUCKET_MS[grain] * BAR_SHARE,
        marker={"color": colour, "line": {"width": 0}},
        customdata=[text.usd(str(days[day])) for day in order],
        hovertemplate="%{customdata} USD",
    )


def unpriced(rows: Sequence[SpendRow], grain: str) -> dict[str, int]:
    """Return the calls without a price by day, days that have some only."""
    days: dict[str, int] = defaultdict(int)
    for row in rows:
        day = row.key.get(grain)
        if day is not None and row.totals.unpriced_calls:
            days[day] += row.totals.unpriced_calls
    return dict(days)


def unpriced_marks(
    marks: Mapping[str, int], series: Mapping[str, Mapping[str, Decimal]]
) -> go.Scatter:
    """Return a mark above each bar that leaves calls out."""
    order = sorted(marks)
    tops = [sum(float(days.get(day, 0)) for days in series.values()) for day in order]
    return go.Scatter(
        name="unpriced calls",
        x=order,
        y=tops,
        mode="markers",
        marker={"symbol": "diamond-open", "size": 8, "color": "#8c8c8c"},
        cliponaxis=False,  # the one on the highest bar, too, is whole
        customdata=[text.count(marks[day]) for day in order],
        hovertemplate="+ %{customdata} unpriced",
    )


def ends(
    rows: Sequence[SpendRow], grain: str, since: datetime | None, until: datetime | None
) -> list[str] | None:
    """Return where the axis begins and ends, None without any row."""
    buckets = sorted(datetime.fromisoformat(start) for row in rows if (start := row.key.get(grain)))
    if not buckets:
        return None
    step = timedelta(milliseconds=BUCKET_MS[grain])
    first, last = axis.reach(buckets, step, since, until)
    return [(first - step / 2).isoformat(), (last + step / 2).isoformat()]


def tiles(rows: Sequence[SpendRow], by: str, colours: Sequence[str]) -> go.Figure:
    """Return dollars as tiles: one a value of `by`, divided among its models.

    What has no price has no area; the table beside says how much that is.
    """
    priced = [row for row in rows if row.totals.cost_usd is not None]
    tops = dearest(priced, by)
    inner = [(named(row, by), named(row, "model"), row.totals) for row in priced]
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for top, _, totals in inner:
        whole[top] += Decimal(totals.cost_usd or 0)
    colour = {top: colours[min(n, len(colours) - 1)] for n, top in enumerate(tops)}
    outer = sorted(whole, key=lambda top: (-whole[top], top))
    spent = [*(f"{whole[top]:f}" for top in outer), *(totals.cost_usd for *_, totals in inner)]
    figure = go.Figure(
        go.Treemap(
            ids=[*(f"{top}\n" for top in outer), *(f"{top}\n{model}" for top, model, _ in inner)],
            labels=[*map(plain, outer), *(plain(model) for _, model, _ in inner)],
            parents=[*("" for _ in outer), *(f"{top}\n" for top, *_ in inner)],
            values=[float(usd or 0) for usd in spent],
            customdata=[text.usd(usd) for usd in spent],
            branchvalues="total",
            marker={
                "colors": [
                    colour.get(top, colours[-1]) for top in [*outer, *(t for t, *_ in inner)]
                ]
            },
            texttemplate="%{label}<br>%{customdata}",
            hovertemplate="%{label}<br>%{customdata} USD<extra></extra>",
        )
    )
    figure.update_layout(height=SPEND_PX, margin={"l": 0, "r": 0, "t": 4, "b": 0})
    return figure


def named(row: SpendRow, by: str) -> str:
    """Return the value of a dimension of a row."""
    return row.key.get(by) or f"{by} not reported"


def plain(name: str) -> str:
    """Return a name without the tags that Plotly would obey."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
