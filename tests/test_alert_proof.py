"""The path of alerts is proven by a synthetic one, and overdue while nobody delivers."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.moments import SECOND_NS
from spanledger_collector.store import Store
from spanledger_schema.api_budgets import PROOF_CHANNEL, AlertPath
from spanledger_ui.alerts.channels import ChannelInvalid, channels
from tests.parts import START_S, Parts, parts
from tests.pipeline import Pipeline, running
from tests.ui_server import listening, page, shown

STORES = ["chdb"]
DAY_NS = 86400 * SECOND_NS


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(embedded, tmp_path) as found:
        yield found


def crossed(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Let the synthetic budget be crossed where it is time to; return what is due on its channel."""
    pipeline.prover.run_if_due(news=False)
    found: list[dict[str, Any]] = pipeline.get("alerts/outbox", channel=PROOF_CHANNEL)
    return found


def arrive(pipeline: Pipeline, errand: dict[str, Any]) -> None:
    """Note that a synthetic alert arrived."""
    said = {k: errand[k] for k in ("project_id", "message_id", "event", "channel", "attempt")}
    pipeline.ask("POST", "alerts/deliveries", 201, json=said)


def path(pipeline: Pipeline) -> AlertPath:
    return AlertPath(**pipeline.get("budgets/standings")["alert_path"])


def test_it_is_crossed_once_a_day_and_proven_when_it_has_arrived(pipeline: Pipeline):
    (first,) = crossed(pipeline)
    assert (first, path(pipeline)) == (crossed(pipeline)[0], AlertPath(None, None, False))
    pipeline.now_ns += 2 * SECOND_NS
    arrive(pipeline, first)
    proven = path(pipeline)
    assert (proven.took_s, proven.overdue, crossed(pipeline)) == (2, False, [])
    pipeline.restart()  # what is known is in the store
    assert (path(pipeline), crossed(pipeline)) == (proven, [])
    pipeline.now_ns += DAY_NS
    (second,) = crossed(pipeline)
    assert second["message_id"] != first["message_id"]
    assert pipeline.get("integrity")["alert_path"] == {
        "proven_at": proven.proven_at, "took_s": 2, "overdue": False,
    }  # fmt: skip


@pytest.mark.parametrize(("late_s", "overdue"), [(300, False), (301, True)])
def test_it_is_overdue_five_minutes_after_a_crossing_that_did_not_arrive(
    pipeline: Pipeline, late_s: int, overdue: bool
):
    crossed(pipeline)
    pipeline.now_ns += late_s * SECOND_NS
    assert path(pipeline) == AlertPath(None, None, overdue)


def test_a_further_crossing_does_not_hide_one_that_did_not_arrive(pipeline: Pipeline):
    arrive(pipeline, crossed(pipeline)[0])
    for _ in range(2):
        pipeline.now_ns += DAY_NS
        crossed(pipeline)
    assert path(pipeline).overdue
    arrive(pipeline, crossed(pipeline)[1])
    assert not path(pipeline).overdue


def test_it_is_overdue_when_the_next_crossing_does_not_come(pipeline: Pipeline):
    arrive(pipeline, crossed(pipeline)[0])
    pipeline.now_ns += DAY_NS + 301 * SECOND_NS
    assert path(pipeline).overdue


def test_it_shows_in_no_project_and_on_no_other_channel(pipeline: Pipeline):
    crossed(pipeline)
    assert pipeline.get("alerts/outbox", channel="ops") == []
    for resource in ("alerts", "alerts/deliveries", "budgets"):
        assert pipeline.get(resource) == []
    assert pipeline.get("budgets/standings")["standings"] == []


def test_no_budget_and_no_channel_takes_its_name(pipeline: Pipeline, tmp_path: Path):
    wanted = {"name": "b", "limit": "1", "period": {"unit": "day"}, "channels": [PROOF_CHANNEL]}
    refused = pipeline.ask("POST", "budgets", 400, json=wanted)
    assert "'__proof__' tells nobody" in refused["detail"]
    (tmp_path / "channels.toml").write_text(f'[{PROOF_CHANNEL}]\nkind = "webhook"\n')
    with pytest.raises(ChannelInvalid, match="take another name"):
        channels(tmp_path / "channels.toml")


def test_the_page_says_when_the_path_was_proven_and_warns_when_it_is_overdue(pipeline: Pipeline):
    with listening(pipeline.api.app) as api:
        assert "Alert path not proven yet: that takes a channel to tell people on." in shown(
            page("budgets", api)
        )
        arrive(pipeline, crossed(pipeline)[0])
        assert any(
            "Alert path proven" in line and "took 0.0 s" in line
            for line in shown(page("budgets", api))
        )
        pipeline.now_ns += 2 * DAY_NS
        overdue = page("integrity", api)
    assert [warning.value for warning in overdue.warning] == ["An alert might not arrive."]
    assert any("has not arrived: is spanledger watch running?" in line for line in shown(overdue))


def until(server: Parts, holds: Callable[[AlertPath], bool]) -> AlertPath:
    """Return what is said of the path once it is so."""
    give_up = time.monotonic() + START_S
    while not holds(found := AlertPath(**server.api.get("/readyz").json()["alert_path"])):
        assert time.monotonic() < give_up, server.log.read_text()
        time.sleep(0.05)
    return found


def test_it_is_overdue_while_watch_is_away_and_proven_once_it_is_back(tmp_path: Path):
    file = tmp_path / "channels.toml"
    file.write_text('[ops]\nkind = "webhook"\nurl = "http://127.0.0.1:9"\nprivate = true\n'
                    f'secret_file = "{tmp_path}/secret"\n')  # fmt: skip
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with parts(tmp_path, channels=file, alert_proof_s=2) as server:
        server.launch("watch")
        first = until(server, lambda path: path.proven_at is not None)
        server.kill("watch")
        assert until(server, lambda path: path.overdue).proven_at
        server.launch("watch")
        again = until(server, lambda path: not path.overdue)
    assert (again.proven_at or "") > (first.proven_at or "")
