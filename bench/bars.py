"""The bars: what the figures are to hold on two cores, by part and by what was measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit, in the unit of its figure; `least` where more is better."""

    limit: float
    least: bool = False

    def held(self, figure: float) -> bool:
        """Tell whether a figure is on the right side."""
        return figure >= self.limit if self.least else figure <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:,g}"


BARS = {
    ("server", "spans stored and totalled"): Bar(20_000, least=True),
    ("server", "CPU of a span, all processes"): Bar(35),
    ("server", "ready, second start"): Bar(6),
    ("server", "ready, first start"): Bar(6),
    ("server", "resident, idle"): Bar(900),
    ("server", "CPU, idle"): Bar(3),
    ("acknowledged", "p99, 32 clients"): Bar(100),
    ("visible", "from sent to in the totals, p99"): Bar(2),
    ("sdk", "spanledger"): Bar(1.3),  # × the raw span: its ratio is held, not its µs
    ("sdk", "sampled_out"): Bar(2),
    ("sdk", "no_content"): Bar(25),
    ("sdk", "two_kb"): Bar(100),
    ("sdk memory", "1,000,000 spans"): Bar(1.1),
    ("sdk blackhole", "added at p99"): Bar(1000),
    ("sdk import", "spanledger"): Bar(150),
    ("sdk web", "session"): Bar(1.03),
    ("reads, 10 M spans", "session list, p95"): Bar(200),
    ("reads, 10 M spans", "spend by day × model, 30 days, p95"): Bar(200),
    ("reads, 10 M spans", "spend by user, 30 days, p95"): Bar(200),
    ("reads, 10 M spans", "search, a rare word, p95"): Bar(1000),
    ("reads, 10 M spans", "search, a frequent word, p95"): Bar(1000),
    ("screens", "skeleton"): Bar(300),
    ("screens", "first paint of replay"): Bar(1500),
    ("screens", "first paint of sessions"): Bar(1000),
    ("screens", "a step forward"): Bar(50),
    ("disk", "stored a raw byte"): Bar(0.15),
    ("volume", "growth of the cost of a span"): Bar(1.2),
    ("small", "resident under load, at most"): Bar(2000),
    ("budgets", "evaluation of 10,000 states"): Bar(200),
    ("budgets", "decide beside ingest, 500/s, p99"): Bar(5),
}

OF_THE_RATIO = {
    ("sdk", "spanledger"),
    ("sdk memory", "1,000,000 spans"),
    ("sdk web", "session"),
}
"""Whose bar is on the ratio to the baseline."""
