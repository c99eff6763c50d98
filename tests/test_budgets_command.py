"""`spanledger budgets` against the real query API: what it writes down, shows and refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_collector.__main__ import main
from spanledger_collector.store import Store
from tests.finance import gpt
from tests.otlp import traces
from tests.pipeline import Pipeline, running
from tests.ui_server import listening

FILE = """
budgets:
  - id: all
    name: everything
    limit: "0.02"
    period: {unit: day}
  - id: users
    name: each user
    limit: 100
    measure: calls
    each: user
    period: {unit: month, zone: Europe/Berlin}
"""


class Shell:
    """Runs the command and says what it printed."""

    def __init__(self, api: str, folder: Path, printed: pytest.CaptureFixture[str]) -> None:
        self.api, self.folder, self._printed = api, folder, printed

    def __call__(self, *words: str) -> tuple[int, str]:
        code = main(["budgets", "--api-url", self.api, *words])
        out, err = self._printed.readouterr()
        return code, (out + err).strip()

    def file(self, text: str, name: str = "budgets.yaml") -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


@pytest.fixture
def shell(
    embedded: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Shell, Pipeline]]:
    with running(embedded, tmp_path) as pipeline, listening(pipeline.api.app) as api:
        pipeline.post("traces", traces(gpt(1, user__id="ann"), gpt(2, user__id="ann")))
        yield Shell(api, tmp_path, capsys), pipeline


def test_a_file_of_budgets_is_written_down_shown_and_comes_out_as_it_went_in(
    shell: tuple[Shell, Pipeline],
):
    run, pipeline = shell
    assert run("list") == (
        0, "No budgets yet; write some down with `spanledger budgets put FILE`.",
    )  # fmt: skip
    assert run("put", run.file(FILE)) == (0, "added      all\nadded      users")
    pipeline.budgets.run()
    _, table = run()
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["all", "everything", "all", "2026-11-22T00:00", "0.019", "0.02", "usd", "0.001", "actual:50,", "actual:80"],
        ["users", "each", "user", "ann", "2026-11-30T23:00", "2", "100", "calls", "98", "–"],
    ]  # fmt: skip
    _, out = run("export")
    assert run("put", run.file(out)) == (0, "unchanged  all\nunchanged  users")
    assert len(pipeline.get("audit")["items"]) == 2
    _, out = run("export", "--json")
    assert run("put", run.file(out.replace('"0.02"', '"0.03"'), "b.json"), "--note", "more") == (
        0, "changed    all\nunchanged  users",
    )  # fmt: skip
    assert pipeline.get("audit")["items"][0]["note"] == "more"
    assert "limit: '0.03'" in run("show", "all")[1]
    assert run("end", "all") == (0, "all is withdrawn; what it told is kept.")
    assert [budget["id"] for budget in pipeline.get("budgets")] == ["users"]


def test_a_preview_says_what_would_have_been_told_and_writes_nothing(
    shell: tuple[Shell, Pipeline],
):
    run, pipeline = shell
    code, table = run("preview", run.file(FILE), "--periods", "1")
    assert (code, [line.split() for line in table.splitlines()[1:]]) == (0, [
        ["all", "2026-11-21T00:00", "2026-11-22T00:00", "all", "0.019", "actual:50,", "actual:80"],
        ["users", "2026-10-31T23:00", "2026-11-30T23:00", "ann", "2", "–"],
    ])  # fmt: skip
    assert pipeline.get("budgets") == []


def test_a_file_that_is_not_understood_is_refused_whole(shell: tuple[Shell, Pipeline]):
    run, pipeline = shell
    for text, complaint in (
        (FILE.replace("unit: month", "unit: moon"), "period.unit"),
        ("budgets: 3", "it has no list `budgets`"),
        ("budgets: [{name: x}]", "budget 1: id is missing"),
        ("budgets: [", "while parsing"),
    ):
        code, said = run("put", run.file(text))
        assert (code, complaint in said) == (2, True), said
    assert pipeline.get("budgets") == []
    assert run("show", "x") == (
        2,
        "spanledger: no budget 'x'; `spanledger budgets list` shows them",
    )
    assert run("end", "x")[0] == 2
