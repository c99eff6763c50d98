"""The spend page adds up to what the query API says, and names what is missing."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from spanledger_collector.store import Store
from tests.pipeline import running
from tests.ui_server import answering, capture, components, ledgers, listening, page, shown, texts


@pytest.fixture(scope="module")
def api(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the query API over recorded calls of two providers, for tests that change none."""
    names = (
        "openinference-openai__chat-tools-stream",
        "openinference-anthropic__tools-cache-stream",
        "openinference-dspy__react",
    )
    with running(shared_store, tmp_path_factory.mktemp("spool")) as pipeline:
        for name in names:
            pipeline.post("traces", capture(name))
        with listening(pipeline.api.app) as url:
            yield url


def spend(test: AppTest) -> dict[str, Any]:
    """Return the table of what the dollars went to."""
    return ledgers(test)["Spend"]


def exact(row: dict[str, object]) -> Decimal:
    """Return the dollars of a row, from its tooltip."""
    title = row["cells"]["dollars"]["title"]  # type: ignore[index]
    return Decimal(0) if title == "unpriced" else Decimal(title.removesuffix(" USD"))


def test_models_add_up_to_the_total_of_the_api(api: str):
    shown_table = spend(page("spend", api, range="all"))
    total = Decimal(httpx.get(f"{api}/api/v1/spend").json()["total"]["cost_usd"])
    assert sum(map(exact, shown_table["rows"])) == total
    assert exact({"cells": shown_table["sum"]}) == total


def test_the_dearest_model_stands_first(api: str):
    amounts = [exact(row) for row in spend(page("spend", api, range="all"))["rows"]]
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


def test_a_range_without_calls_says_so(embedded: Store):
    with answering(embedded) as url:
        test = page("spend", url)
    assert [info.value for info in test.info] == [
        "No model was called in this range under this filter."
    ]
    assert components(test, "ledger") == []


def test_names_of_models_are_data_for_the_ledger(api: str):
    rows = spend(page("spend", api, range="all"))["rows"]
    answered = httpx.get(f"{api}/api/v1/spend?group_by=model").json()["rows"]
    assert {texts(row)["name"] for row in rows} == {
        row["key"]["model"] or "model not reported" for row in answered
    }


def test_a_filter_that_calls_do_not_know_says_what_they_can_be_filtered_by(api: str):
    test = page("spend", api, range="all", q="tool:* steps:>0")
    found = ledgers(test)
    assert (list(test.error), list(test.exception)) == ([], [])
    assert "Most expensive sessions" in found
    assert "Most expensive calls" not in found
    (said,) = [line for line in shown(test) if line.startswith("Calls cannot be filtered by")]
    assert said == "Calls cannot be filtered by tool, steps. The figures above are; calls can be by"


def test_cache_savings_and_failures_are_of_the_filter(api: str):
    calls = {}
    for q in ("", "provider:anthropic", "-provider:anthropic"):
        rows = ledgers(page("spend", api, range="all", q=q))["What the spend was good for"]["rows"]
        calls[q] = int(texts(rows[0])["count"].split()[0])
    assert calls[""] == calls["provider:anthropic"] + calls["-provider:anthropic"]
    assert min(calls.values()) > 0


def test_however_it_is_grouped_the_total_is_the_same(api: str, subtests: Any):
    total = httpx.get(f"{api}/api/v1/spend").json()["total"]["cost_usd"]
    for by in ("user", "tag", "agent", "environment", "service", "session"):
        with subtests.test(by):
            shown_table = spend(page("spend", api, range="all", by=by))
            assert sum(map(exact, shown_table["rows"])) == Decimal(total)
            assert exact({"cells": shown_table["sum"]}) == Decimal(total)


def test_a_line_leads_to_the_spend_of_its_value_alone(api: str):
    line = spend(page("spend", api, range="all"))["rows"][0]
    path, _, query = line["href"].partition("?")
    asked = dict(parse_qsl(query))
    narrowed = spend(page(path, api, **asked))
    assert (asked["by"], asked["range"]) == ("session", "all")
    assert exact({"cells": narrowed["sum"]}) == exact(line)


def test_the_dearest_sessions_and_calls_are_the_apis(api: str):
    found = ledgers(page("spend", api, range="all"))
    dearest = httpx.get(f"{api}/api/v1/calls?order=cost&limit=1").json()["items"][0]
    assert Decimal(dearest["cost_usd"]) == exact(found["Most expensive calls"]["rows"][0])
    amounts = [exact(row) for row in found["Most expensive sessions"]["rows"]]
    assert amounts == sorted(amounts, reverse=True)


def test_the_table_is_offered_as_a_file_asked_as_the_page_is(api: str):
    test = page("spend", api, range="all", by="user", q="model:claude*")
    offered = [code.value for code in test.code if "/export/" in code.value]
    (address,) = offered
    total = httpx.get(f"{api}/api/v1/spend?q=model:claude*").json()["total"]["cost_usd"]
    rows = list(csv.DictReader(io.StringIO(httpx.get(address).text, newline="")))
    assert sum(Decimal(row["cost_usd"] or 0) for row in rows) == Decimal(total) > 0
    assert "user" in rows[0]
