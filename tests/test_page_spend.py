"""The spend page adds up to what the query API says, and names what is missing."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from spanledger_collector.store import Store
from tests.ui_server import answering, capture, components, ledger, page, shown, stored, texts


@pytest.fixture
def store(engine: str, database: str) -> Iterator[Store]:
    """Return a store on a fresh database."""
    opened = Store(engine, database=database, readers=1)
    yield opened
    opened.close()


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Iterator[str]:
    """Return the query API over recorded calls of two providers."""
    names = (
        "openinference-openai__chat-tools-stream",
        "openinference-anthropic__tools-cache-stream",
        "openinference-dspy__react",
    )
    stored(store, tmp_path, *map(capture, names))
    with answering(store) as url:
        yield url


def exact(row: dict[str, object]) -> Decimal:
    """Return the dollars of a row, from its tooltip."""
    title = row["cells"]["dollars"]["title"]  # type: ignore[index]
    return Decimal(0) if title == "unpriced" else Decimal(title.removesuffix(" USD"))


def test_models_add_up_to_the_total_of_the_api(api: str):
    shown_table = ledger(page("spend", api, range="all"))
    total = Decimal(httpx.get(f"{api}/api/v1/spend").json()["total"]["cost_usd"])
    assert sum(map(exact, shown_table["rows"])) == total
    assert exact({"cells": shown_table["sum"]}) == total


def test_the_dearest_model_stands_first(api: str):
    amounts = [exact(row) for row in ledger(page("spend", api, range="all"))["rows"]]
    assert amounts == sorted(amounts, reverse=True)


def test_the_headline_says_the_total_and_what_it_leaves_out(api: str):
    total = httpx.get(f"{api}/api/v1/spend").json()["total"]
    headline, notes = shown(page("spend", api, range="all"))[:2]
    assert headline.startswith(f"{Decimal(total['cost_usd']):.2f} USD")
    assert f"{total['calls_without_usage']} calls reported no tokens" in notes or (
        total["calls_without_usage"] < 2
    )


def test_the_time_zone_of_the_url_is_the_readers(api: str):
    test = page("spend", api, range="all", tz="Pacific/Kiritimati")
    assert test.selectbox(key="tz").value == "Pacific/Kiritimati"
    assert list(test.exception) == []


def test_a_range_without_calls_says_so(store: Store):
    with answering(store) as url:
        test = page("spend", url)
    assert [info.value for info in test.info] == ["No model was called in this range."]
    assert components(test, "ledger") == []


def test_names_of_models_are_data_for_the_ledger(api: str):
    rows = ledger(page("spend", api, range="all"))["rows"]
    answered = httpx.get(f"{api}/api/v1/spend?group_by=model").json()["rows"]
    assert {texts(row)["model"] for row in rows} == {
        row["key"]["model"] or "model not reported" for row in answered
    }
