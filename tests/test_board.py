"""The file in which the store process posts what `decide` needs, and ingest reads it."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from spanledger_collector.approvals.policy import Condition, Policy
from spanledger_collector.budgets.board import FORM, Board, Rules, board_file
from spanledger_collector.budgets.decide import Question, Stop, decide
from spanledger_collector.budgets.period import Period
from spanledger_collector.budgets.posted import Posted, Remains
from spanledger_collector.budgets.rule import Budget, Threshold
from spanledger_collector.budgets.standing import Key
from tests.ingesting import listening, settings_for

PATH = "/api/v1/decide"


def test_where_no_store_ever_said_anything_there_is_no_answer_and_that_is_counted(tmp_path: Path):
    with listening(settings_for(tmp_path)) as ingest:
        answer = ingest.post(PATH, b"{}", {})
        assert (answer.status_code, answer.json()["detail"]) == (
            503, "the store process has not said yet what budgets there are",
        )  # fmt: skip
        assert ingest.figures()["spanledger_decisions_unanswered_total"] == 1


def older(file: Path) -> None:
    """Leave a file of a form that is no longer written."""
    db = apsw.Connection(str(file))
    db.execute(f"CREATE TABLE rules (colour TEXT); PRAGMA user_version = {FORM - 1}")
    db.close()


def garbage(file: Path) -> None:
    """Leave what is no database."""
    file.write_bytes(b"budgets" * 1000)


@pytest.mark.parametrize(
    ("leave", "complaint"),
    [
        (older, "budgets are written down in form 0, this is for form 1"),
        (garbage, "how budgets stand cannot be read just now; the log of ingest tells why"),
    ],
)
def test_a_file_that_is_no_good_says_nothing_and_is_begun_anew_at_the_next_start(
    tmp_path: Path, leave: Any, complaint: str
):
    file = board_file(tmp_path)
    leave(file)
    with listening(settings_for(tmp_path)) as ingest:
        answer = ingest.post(PATH, b"{}", {})
        assert (answer.status_code, answer.json()["detail"]) == (503, complaint)
        board = Board(file)
        board.lay_down(Rules(stops=[Stop("s", "default", "project", "")]))
        assert ingest.post(PATH, b"{}", {}).json()["cause"] == "stop"
        board.close()


def test_whoever_reads_the_file_notices_that_it_was_begun_anew(tmp_path: Path):
    file, question = board_file(tmp_path), Question("default")
    board, posted = Board(file), Posted(file)
    board.lay_down(Rules(stops=[Stop("s", "default", "project", "")]))
    assert not posted.decide(question)[0].allowed
    board.close()
    file.unlink()
    board = Board(file)
    assert posted.decide(question)[0].allowed
    board.close()
    posted.close()


BUDGETS = (
    Budget("b", "default", "all", Decimal("1.5"), Period("month"), hard=True),
    Budget("u", "default", "users", Decimal(2), Period("day", "Europe/Berlin"), each="user", owner="ann",
           thresholds=(Threshold(Decimal("99.5"), "forecast", "critical"),), limit_ns=7, revision_ns=9),
    Budget("u", "other", "theirs", Decimal("1e-12"), Period("rolling", hours=3), each="tag:team", hard=True,
           channels=("c",), scope={"agent": "a"}),
)  # fmt: skip
STOPS = (
    Stop("s", "default", "user", "ann", "it \0 loops", "bö", 5),
    Stop("p", "other", "project", ""),
)
POLICIES = (
    Policy("p", "default", "re*", "ask", (Condition("order.amount", ">", "1"),), 60, "why", ("c",)),
    Policy("q", "default", "refund", "deny"),
)
QUESTIONS = [
    Question(project, user=user, agent="a", tags=(f"team:{user}",), tool="refund")
    for project in ("default", "other")
    for user in ("", "ann", "bö\0b")
]

rests = st.builds(Remains, st.decimals(-9, 9, places=12) | st.just(Decimal("1.50")), st.booleans())
keys = st.tuples(
    st.sampled_from(["default", "other"]), st.sampled_from(["b", "u"]), st.sampled_from(["", "ann", "bö\0b"])
)  # fmt: skip
rules = st.builds(
    Rules,
    *(
        st.lists(st.sampled_from(some), unique_by=id, max_size=3).map(tuple)
        for some in (BUDGETS, STOPS, POLICIES)
    ),
)
steps = st.lists(
    st.one_of(st.none(), rules, st.dictionaries(keys, rests, max_size=8)), min_size=1, max_size=8
)


@hypothesis_settings(max_examples=40)
@given(steps)
def test_the_file_says_what_the_evaluator_knows_after_whatever_it_went_through(
    taken: Sequence[Rules | dict[Key, Remains] | None],
):
    now, standings, at = Rules(), dict[Key, Remains](), None
    with TemporaryDirectory() as folder:
        file = board_file(Path(folder))
        board, posted = Board(file), Posted(file)
        for number, step in enumerate(taken):
            if step is None:
                board.close()
                board = Board(file)
            elif isinstance(step, Rules):
                now = step
                held = {(b.project_id, b.id) for b in now.budgets}
                standings = {key: s for key, s in standings.items() if key[:2] in held}
                board.lay_down(now)
            else:
                standings, at = step, str(number)
                board.post(at, standings)
            for question in QUESTIONS:
                known = decide(question, now.budgets, standings, now.stops, now.policies)
                assert posted.decide(question) == (known, at)
        board.close()
        posted.close()
