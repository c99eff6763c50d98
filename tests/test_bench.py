"""What the benchmark makes of its figures: samples joined, ratios, bars, one Markdown page."""

from pathlib import Path

import pytest
from bench.all import Part, run
from bench.bars import Bar
from bench.figures import FILE, Figure, note, noted
from bench.report import page, ratio, row

PARSE = Figure("baselines", "parse", "µs", (9.0, 10.0, 12.0))


def test_a_figure_is_divided_by_the_median_of_its_baseline():
    figure = Figure("drain", "decode", "µs", (30.0, 20.0, 25.0), "parse")
    assert ratio(figure, [figure, PARSE]) == 2.5


def test_a_baseline_of_the_same_part_is_meant_where_two_have_a_name():
    near = Figure("drain", "parse", "µs", (5.0,))
    figure = Figure("drain", "decode", "µs", (20.0,), "parse")
    assert ratio(figure, [PARSE, near, figure]) == 4


def test_what_was_taken_in_turns_is_divided_turn_by_turn():
    raw = Figure("sdk", "otel", "µs", (30.0, 60.0, 30.0))  # the machine slowed down for a while
    ours = Figure("sdk", "spanledger", "µs", (36.0, 72.0, 60.0), "otel")
    assert ratio(ours, [raw, ours]) == 1.2


@pytest.mark.parametrize(
    "baseline",
    [
        Figure("drain", "another", "µs", (1.0,)),
        Figure("drain", "parse", "ms", (1.0,)),
        Figure("drain", "parse", "µs", (0.0,)),
    ],
)
def test_without_a_baseline_of_its_unit_a_ratio_is_unknown(baseline: Figure):
    assert ratio(Figure("drain", "decode", "µs", (20.0,), "parse"), [baseline]) is None


def test_what_is_noted_again_is_a_further_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "figures"
    monkeypatch.setenv(FILE, str(file))
    note("drain", "decode", "µs", [3, 2], "parse")
    note("drain", "check", "µs", [1])
    note("drain", "decode", "µs", [4], "parse")
    assert noted(file.read_text().splitlines()) == [
        Figure("drain", "decode", "µs", (3, 2, 4), "parse"),
        Figure("drain", "check", "µs", (1,)),
    ]


def test_nothing_is_noted_where_nobody_asks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(FILE, raising=False)
    note("drain", "decode", "µs", [3])


def test_a_row_says_whether_its_median_holds_the_bar():
    held = Figure("server", "CPU of a span, all processes", "µs", (34.0, 35.0, 99.0), "parse")
    missed = Figure("server", "spans stored and totalled", "spans/s", (19_999.0,))
    assert row(held, [PARSE]) == (
        "| CPU of a span, all processes | µs | 34.0 | 35.0 | 99.0 | 3.5 | ≤ 35 | holds |"
    )
    assert row(missed, []) == (
        "| spans stored and totalled | spans/s | 19,999 | 19,999 | 19,999 | – | ≥ 20,000 | **misses** |"
    )


def test_the_bar_of_the_sdk_is_on_the_ratio():
    raw = Figure("sdk", "otel", "µs", (30.0,))
    ours = Figure("sdk", "spanledger", "µs", (39.0,), "otel")
    assert row(ours, [raw, ours]).endswith("| 1.3 | ≤ 1.3 | holds |")
    assert row(ours, []).endswith("| – | ≤ 1.3 | not measured |")


def test_a_page_has_a_table_for_each_part_in_the_order_of_measuring():
    figures = [Figure("b", "x", "ms", (1.0,)), Figure("a", "y", "ms", (0.0,))]
    made = page(figures, "2026-11-22", "2 cores", ["One was stopped."])
    assert made.splitlines() == [
        "# Benchmark of 2026-11-22", "", "2 cores", "", "One was stopped.", "",
        "## b", "", *made.splitlines()[8:10], "| x | ms | 1 | 1 | 1 | – |  |  |", "",
        "## a", "", *made.splitlines()[8:10], "| y | ms | 0 | 0 | 0 | – |  |  |",
    ]  # fmt: skip


@pytest.mark.parametrize(("bar", "inside", "outside"), [(Bar(5), 5, 5.1), (Bar(5, True), 5, 4.9)])
def test_a_bar_is_held_by_what_just_reaches_it(bar: Bar, inside: float, outside: float):
    assert (bar.held(inside), bar.held(outside)) == (True, False)


def test_a_part_that_takes_too_long_is_stopped(tmp_path: Path):
    script = tmp_path / "slow.py"
    script.write_text("import time\ntime.sleep(600)\n")
    said = run(Part(str(script), 0.2), tmp_path / "figures")
    assert said == f"`{script}` was stopped after 0.2 s."


def test_a_part_that_fails_is_named(tmp_path: Path):
    script = tmp_path / "bad.py"
    script.write_text("raise SystemExit(3)\n")
    assert run(Part(str(script), 60), tmp_path / "figures") == f"`{script}` ended with 3."
