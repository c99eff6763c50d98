"""Models and their rates, what has no price, what another model would cost, what was saved."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from spanledger_collector.ledger.models import in_force
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.store import Store
from spanledger_schema.api_ledger import RateInForce
from tests.finance import NOVEMBER, PRICE, add_price, call, gpt, reprice
from tests.otlp import CAPTURES, NOON_NS, span, traces
from tests.pipeline import Pipeline, running
from tests.stores import both_stores

STORES = ["chdb"]

RANGE = {"since": NOVEMBER["from"], "until": NOVEMBER["to"]}
BOOK = Pricebook()


@pytest.fixture
def pipeline(store: Store, tmp_path: Path) -> Iterator[Pipeline]:
    with running(store, tmp_path) as found:
        yield found


def rate(provider: str, model: str) -> RateInForce | str:
    """Return the rate in force at noon."""
    return in_force(BOOK, provider, model, "", NOON_NS)


def test_a_rate_is_told_with_its_source_and_since_when_it_holds():
    found = rate("openai", "o3")
    assert isinstance(found, RateInForce)
    assert (found.source, found.status, found.until) == ("genai-prices", "priced", None)
    assert found.since == "2025-06-10T00:00:00.000000000Z"  # when it became a fifth of the price
    (tier,) = found.tiers
    assert (tier.usd_per_unit["input"], tier.usd_per_unit["output"]) == ("0.000002", "0.000008")


def test_a_rate_that_changes_with_the_length_of_the_input_is_told_tier_by_tier():
    found = rate("gcp.gemini", "gemini-2.5-pro")
    assert isinstance(found, RateInForce)
    assert [(t.at_least_tokens, t.usd_per_unit["input"]) for t in found.tiers] == [
        (0, "0.00000125"), (200_001, "0.0000025")
    ]  # fmt: skip


def test_a_rate_of_certain_hours_holds_until_they_are_over():
    found = rate("deepseek", "deepseek-flash")
    assert isinstance(found, RateInForce)
    assert found.since is not None
    assert found.until is not None
    assert found.since < "2026-11-21T12:00:00" < found.until < "2026-11-24"


def test_a_model_without_a_price_says_why():
    assert rate("openai", "gpt-5-nano-super") == "unrecognised-variant"


def test_models_that_were_called_come_with_calls_tokens_dollars_and_rate(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1, session__id="s"), gpt(2, session__id="s"), call(3)))
    add_price(pipeline, model="other")
    found = pipeline.get("models", **RANGE)
    assert [(m["model"], m["sessions"], m["totals"]["calls"], m["totals"]["input_tokens"],
             m["totals"]["cost_usd"], m["unpriced_because"]) for m in found["items"]] == [
        ("gpt-4o-2024-08-06", 1, 2, 6000, "0.019", None),
        ("llama-3.3-70b", 1, 1, 3000, None, "unknown-provider"),
    ]  # fmt: skip
    assert found["rates_at"] == "2026-11-21T12:00:00.000000000Z"
    assert found["items"][0]["rate"]["source"] == "genai-prices"
    assert pipeline.get("models", until="2026-11-20")["items"] == []


@both_stores
def test_unpriced_models_tell_since_when_how_much_and_what_may_be_meant(pipeline: Pipeline):
    twin: dict[str, Any] = {"gen_ai__response__model": "gpt-5-nano-super"}
    pipeline.post("traces", traces(gpt(1, 4, **twin), gpt(2, 1, **twin), call(3), gpt(4)))
    found = {m["model"]: m for m in pipeline.get("models/unpriced", **RANGE)["items"]}
    assert found.keys() == {"gpt-5-nano-super", "llama-3.3-70b"}
    twin_found = found["gpt-5-nano-super"]
    assert "gpt-5-nano" in twin_found.pop("nearest")
    assert twin_found.pop("suggested")["model"] == "gpt-5-nano-super"
    assert twin_found == {
        "provider": "openai", "model": "gpt-5-nano-super", "reasons": ["unrecognised-variant"],
        "calls": 2, "tokens": 6400, "first_seen": "2026-11-17T12:00:00.000000000Z",
        "last_seen": "2026-11-20T12:00:00.000000000Z", "priced_now": False,
    }  # fmt: skip
    add_price(pipeline)
    assert [m["priced_now"] for m in pipeline.get("models/unpriced")["items"]] == [False, True]
    reprice(pipeline)
    assert [m["model"] for m in pipeline.get("models/unpriced")["items"]] == ["gpt-5-nano-super"]


def test_the_unpriced_models_are_those_that_totals_leave_out(pipeline: Pipeline):
    for capture in sorted(CAPTURES.glob("*.pb")):
        if not capture.name.endswith(".logs.pb"):
            pipeline.send("traces", capture.read_bytes())
    pipeline.settle()
    total = pipeline.get("spend")["total"]
    found = pipeline.get("models/unpriced")["items"]
    assert sum(m["calls"] for m in found) == total["unpriced_calls"]
    assert sum(m["tokens"] for m in found) == total["unpriced_tokens"]


def test_what_if_prices_the_same_tokens_as_another_model(pipeline: Pipeline):
    odd: dict[str, Any] = {"gen_ai__response__model": "gpt-5-nano-super"}
    pipeline.post("traces", traces(gpt(1), gpt(2, session__id="s"), gpt(3, **odd)))
    asked = {**RANGE, "as_provider": "openai", "as_model": "gpt-4o-mini"}
    found = pipeline.ask("POST", "what-if", json=asked)
    assert found == {
        "provider": "openai", "model": "gpt-4o-mini", "rates_at": None, "calls": 3,
        "compared_calls": 2, "actual_usd": "0.019", "what_if_usd": "0.00114",
        "change_usd": "-0.01786", "unpriced_calls": 1, "unpriced_what_if": {},
    }  # fmt: skip
    one = pipeline.ask("POST", "what-if", json=asked | {"session": "s"})
    assert (one["calls"], one["what_if_usd"]) == (1, "0.00057")
    nothing = pipeline.ask("POST", "what-if", json=asked | {"as_model": "gpt-none"})
    assert (nothing["compared_calls"], nothing["unpriced_what_if"]) == (0, {"unknown-model": 3})


def test_what_if_may_ask_for_a_tier_and_for_the_prices_of_one_day(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1)))
    asked = {**RANGE, "as_model": "o3", "at": "2025-05-20T00:00:00Z"}
    assert pipeline.ask("POST", "what-if", json=asked)["what_if_usd"] == "0.038"
    batch = {**RANGE, "as_model": "gpt-4o", "context": {"processing": "batch"}}
    assert pipeline.ask("POST", "what-if", json=batch)["what_if_usd"] == "0.00475"


def test_calls_that_a_trace_counts_elsewhere_are_not_compared(pipeline: Pipeline):
    name = "openinference-langchain__langgraph-refund-retry"
    pipeline.post("traces", (CAPTURES / f"{name}.pb").read_bytes())
    total = pipeline.get("spend")["total"]
    found = pipeline.ask("POST", "what-if", json={**RANGE, "as_model": "gpt-4o-mini"})
    assert (found["calls"], found["actual_usd"]) == (total["calls"], total["cost_usd"])


def test_caches_saved_what_their_tokens_would_have_cost_fresh(pipeline: Pipeline):
    claude: dict[str, Any] = {
        "gen_ai__provider__name": "anthropic", "gen_ai__response__model": "claude-haiku-4-5",
        "gen_ai__usage__input_tokens": 10_000, "gen_ai__usage__cache_read__input_tokens": 6000,
    }  # fmt: skip
    writes = claude | {"gen_ai__usage__cache_creation__input_tokens": 2000}
    everything = claude | {"gen_ai__usage__cache_read__input_tokens": 10_000}
    spans = [call(1, **claude), call(2, **writes), call(3, **everything), gpt(4)]
    pipeline.post("traces", traces(*spans))
    # fresh 1.00, read 0.10, written 1.25 dollars a million
    assert pipeline.get("spend/insights", **RANGE)["caches"] == {
        "calls": 3, "cache_read_tokens": 22_000, "cache_write_tokens": 2000,
        "reads_saved_usd": "0.0108", "writes_cost_usd": "0.0005", "net_usd": "0.0103",
        "unknown_calls": 1,
    }  # fmt: skip


def test_failed_sessions_are_those_that_the_list_calls_failed(pipeline: Pipeline):
    failed: Any = gpt(1, session__id="bad")
    failed.status.code = 2
    pipeline.post("traces", traces(failed, gpt(2, session__id="bad"), gpt(3), call(4), span()))
    found = pipeline.get("spend/insights", **RANGE)
    assert found["failed"] == {
        "sessions": 1, "cost_usd": "0.019", "unpriced_calls": 0, "share_of_spend": "0.6667"
    }  # fmt: skip
    (session,) = pipeline.get("sessions", error=True)["items"]
    assert session["totals"]["cost_usd"] == found["failed"]["cost_usd"]
    assert Decimal(found["total_usd"]) == Decimal("0.0285")
    nothing = pipeline.get("spend/insights", until="2026-11-20")
    assert (nothing["total_usd"], nothing["failed"]["share_of_spend"]) == ("0", None)


def test_what_spend_was_good_for_is_asked_of_the_spend_of_the_filter(pipeline: Pipeline):
    claude: dict[str, Any] = {
        "gen_ai__provider__name": "anthropic", "gen_ai__response__model": "claude-haiku-4-5",
        "gen_ai__usage__input_tokens": 10_000, "gen_ai__usage__cache_read__input_tokens": 6000,
    }  # fmt: skip
    failed: Any = gpt(1, session__id="bad", user__id="u1")
    failed.status.code = 2
    spans = [failed, call(2, **claude, session__id="bad"), call(3, **claude, user__id="u1"), gpt(4)]
    pipeline.post("traces", traces(*spans))
    for q in ("", "user:u1", "model:gpt-4o*", "-model:gpt-4o*", "user:u1 provider:anthropic",
              "steps:1", "duration:>1h"):  # fmt: skip
        found = pipeline.get("spend/insights", **RANGE, q=q)
        lines = pipeline.get("spend", **RANGE, q=q, group_by=["session", "provider"])["rows"]
        cached = [row for row in lines if row["key"]["provider"] == "anthropic"]
        bad = [row for row in lines if row["key"]["session"] == "bad"]
        assert found["caches"]["calls"] == sum(row["totals"]["calls"] for row in cached), q
        assert Decimal(found["failed"]["cost_usd"]) == usd(bad), q
        assert Decimal(found["total_usd"]) == usd(lines), q
        assert found["failed"]["sessions"] == bool(bad), q


def usd(rows: list[Any]) -> Decimal:
    """Return the dollars of rows of spend."""
    return sum((Decimal(row["totals"]["cost_usd"]) for row in rows), Decimal(0))


UNANSWERABLE = [
    ("GET", "models?at=never", None, "at: no moment"),
    ("GET", "models/unpriced?since=x", None, "since: no moment"),
    ("GET", "audit?limit=0", None, "limit: "),
    ("POST", "what-if", {"as_model": ""}, "since: Field required"),
    ("POST", "what-if", {**RANGE, "as_model": "m", "colour": 1}, "colour: Extra inputs"),
    ("POST", "reprice", {"from": "2026-11-01", "to": "x"}, "from: Input should have timezone"),
    ("POST", "reprice", {**NOVEMBER, "only": "some"}, "only: Input should be"),
    ("POST", "prices", PRICE | {"model": 3}, "model"),
]


def test_what_the_ledger_cannot_answer_says_why(pipeline: Pipeline, subtests: Any):
    for method, path, body, said in UNANSWERABLE:
        with subtests.test(f"{method} {path}"):
            assert said in pipeline.ask(method, path, 400, json=body)["detail"]


def costing(usd: float) -> dict[str, Any]:
    """Return the attribute by which a gateway reports dollars."""
    return {"gen_ai__usage__cost": AnyValue(double_value=usd)}


def test_reported_dollars_that_prices_do_not_confirm_are_listed_by_model(pipeline: Pipeline):
    pipeline.post(
        "traces",
        traces(
            gpt(1, **costing(0.0095)),  # what it costs
            gpt(2, **costing(0.0095095)),  # a tenth of a percent off
            gpt(3, **costing(0.019)),
            gpt(4, **costing(0.0)),  # no report
            gpt(5),
            gpt(6, gen_ai__response__model="gpt-4o-mini", **costing(0.00057)),
            call(7, **costing(0.5)),  # nothing to compare it with
        ),
    )
    found = pipeline.get("models/drift", **RANGE)
    assert found == {
        "items": [
            {
                "provider": "openai", "model": "gpt-4o-2024-08-06", "calls": 3,
                "reported_by": "gen_ai.usage.cost", "drifting_calls": 1,
                "reported_usd": "0.0380095", "computed_usd": "0.0285",
                "difference_usd": "0.0095095",
            }
        ]
    }  # fmt: skip
    assert pipeline.get("models/drift", until="2026-11-20") == {"items": []}


def test_what_has_no_price_comes_with_one_to_confirm(pipeline: Pipeline):
    pipeline.post("traces", traces(gpt(1, 4, gen_ai__response__model="gpt-5-nano-super"), call(2)))
    found = {m["model"]: m for m in pipeline.get("models/unpriced", **RANGE)["items"]}
    assert found["llama-3.3-70b"]["suggested"] is None  # nothing is spelt like it there
    price = found["gpt-5-nano-super"]["suggested"]
    assert price["effective_from"] == "2026-11-17T12:00:00Z"
    assert (price["usd_per_mtok"]["input"], price["usd_per_mtok"]["output"]) == ("0.05", "0.4")
    pipeline.ask("POST", "prices", 201, json=price)
    assert reprice(pipeline)["total"]["after_usd"] == "0.00023"
