"""Saved views: kept under their names, replaced, withdrawn, and one project's alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import views
from spanledger_collector.store import Store
from tests.pipeline import Pipeline, running

REFUNDS = {"page": "sessions", "name": "refunds, <b>", "asks": "range=7d&q=agent%3Arefunds"}


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return a pipeline over a fresh store."""
    with running(embedded, tmp_path) as running_:
        yield running_


def said(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return the views without when they were saved."""
    return [{k: v for k, v in view.items() if k != "changed_at"} for view in pipeline.get("views")]


def test_a_view_is_kept_under_its_name_and_replaced_by_the_next(pipeline: Pipeline):
    pipeline.ask("POST", "views", 201, json=REFUNDS | {"by": "ann"})
    pipeline.now_ns += 1
    pipeline.ask("POST", "views", 201, json=REFUNDS | {"asks": "range=30d"})
    pipeline.now_ns += 1
    pipeline.ask("POST", "views", 201, json=REFUNDS | {"page": "spend"})
    assert said(pipeline) == [
        REFUNDS | {"asks": "range=30d", "changed_by": None},
        REFUNDS | {"page": "spend", "changed_by": None},
    ]
    entries = pipeline.get("audit")["items"]
    assert [(e["action"], e["before"], e["after"], e["actor"]) for e in entries[1:]] == [
        ("view saved", REFUNDS["asks"], "range=30d", None),
        ("view saved", None, REFUNDS["asks"], "ann"),
    ]


def test_a_view_that_is_withdrawn_is_gone_and_cannot_be_withdrawn_again(pipeline: Pipeline):
    pipeline.ask("POST", "views", 201, json=REFUNDS)
    pipeline.now_ns += 1
    which = {"page": "sessions", "name": REFUNDS["name"]}
    assert pipeline.api.delete("/api/v1/views", params=which).status_code == 204
    assert said(pipeline) == []
    assert "no view 'refunds, <b>'" in pipeline.ask("DELETE", "views", 404, params=which)["detail"]


def test_a_project_does_not_see_the_views_of_another(pipeline: Pipeline):
    other = {"x-spanledger-project": "other"}
    pipeline.ask("POST", "views", 201, json=REFUNDS, headers=other)
    assert said(pipeline) == []
    assert len(pipeline.ask("GET", "views", headers=other)) == 1


def test_a_view_whose_filter_cannot_be_read_is_refused(pipeline: Pipeline):
    refused = pipeline.ask("POST", "views", 400, json=REFUNDS | {"asks": "q=colour%3Ared"})
    assert "no field 'colour'" in refused["detail"]


def test_a_project_has_so_many_views_and_no_more(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(views, "MOST", 1)
    pipeline.ask("POST", "views", 201, json=REFUNDS)
    refused = pipeline.ask("POST", "views", 409, json=REFUNDS | {"name": "another"})
    assert refused["detail"] == "the project has 1 views; withdraw one first"
    pipeline.now_ns += 1
    pipeline.ask("POST", "views", 201, json=REFUNDS | {"asks": "range=1h"})
