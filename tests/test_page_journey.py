"""People's ways through the screens, in a real browser against a real server."""

import csv
import http.client
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue
from playwright.sync_api import Page, expect

from spanledger_ui.components import assets
from tests.browser import needed
from tests.otlp import SPAN, TRACE, attribute, span, traces
from tests.serving import Server, serving
from tests.ui_server import capture

PATIENCE_S = 60

SESSION = "thread-900"
RECORDED = capture("openinference-langchain__langgraph-refund-retry")
HOSTILE = (
    "<img src=http://evil.example/a.png onerror=window.pwned=1><script>window.pwned=1</script>"
    "![](http://evil.example/b.png) [x](javascript:window.pwned=1) $$x$$ **bold** 🧾 مرحبا"
)

# notes that a page was said not to exist, however short that was on the screen
WATCH = """
new MutationObserver(() => {
  if (document.body?.innerText.includes("Page not found")) window.said_not_found = true;
}).observe(document, {childList: true, subtree: true, characterData: true});
"""

pytestmark = needed


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that has nothing in it, for the first test of this module."""
    with serving(tmp_path_factory.mktemp("journey")) as running:
        yield running


@pytest.fixture(scope="module")
def server(fresh: Server) -> Server:
    """Return that server with a recorded LangGraph session in it."""
    send(fresh, RECORDED)
    wait_for(lambda: [item for item in sessions(fresh) if item["id"] == SESSION])
    return fresh


def send(server: Server, body: bytes) -> None:
    """Send spans as an exporter does."""
    headers = {"content-type": "application/x-protobuf"}
    httpx.post(f"{server.otlp}/v1/traces", content=body, headers=headers).raise_for_status()


def sessions(server: Server) -> list[dict[str, Any]]:
    """Return the sessions that the API knows."""
    found: list[dict[str, Any]] = httpx.get(f"{server.api}/api/v1/sessions").json()["items"]
    return found


def wait_for(condition: Callable[[], object]) -> None:
    give_up = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < give_up
        sleep(0.05)


def skeleton(server: Server) -> list[dict[str, Any]]:
    """Return the steps of the recorded session, as the API tells them."""
    answer = httpx.get(f"{server.api}/api/v1/sessions/{SESSION}/events").json()
    found: list[dict[str, Any]] = answer["events"]
    return found


def dollars(amount: str) -> str:
    """Return what the meter shows for an amount: four places, and the unit."""
    return f"{Decimal(amount).quantize(Decimal('0.0001')):f} USD"


def test_the_first_trace_appears_on_the_empty_page_by_itself(fresh: Server, tab: Page):
    tab.goto(f"{fresh.screens}/?range=all")
    expect(tab.get_by_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={fresh.otlp}")).to_be_visible()
    send(fresh, RECORDED)
    expect(tab.get_by_role("link", name="refund_flow")).to_be_visible()


def test_from_the_table_through_three_steps_the_dollars_are_the_apis(server: Server, tab: Page):
    tab.goto(f"{server.screens}/?range=all&q=user:user-7")
    tab.get_by_role("link", name="refund_flow").click()
    meter = tab.get_by_role("status").filter(has_text="Step")
    for number, event in enumerate(skeleton(server)[:4]):
        if number:
            tab.keyboard.press("j")
        expect(meter).to_contain_text(f"Step {number + 1} of 28")
        expect(tab.get_by_test_id("running-dollars")).to_have_text(
            dollars(event["running_cost_usd"])
        )
    expect(tab.locator(".st-key-event-name")).to_have_text(event["name"])
    assert tab.url.endswith(f"?session={SESSION}&event={event['trace_id']}.{event['span_id']}")


def test_the_last_step_has_spent_what_the_session_costs(server: Server, tab: Page):
    tab.goto(f"{server.screens}/replay?session={SESSION}")
    tab.get_by_role("button", name="Next step").click()
    tab.keyboard.press("End")
    row = httpx.get(f"{server.api}/api/v1/sessions/{SESSION}").json()
    expect(tab.get_by_test_id("running-dollars")).to_have_text(dollars(row["totals"]["cost_usd"]))


def test_a_link_to_an_event_opens_it(server: Server, tab: Page):
    event = skeleton(server)[9]
    tab.goto(
        f"{server.screens}/replay?session={SESSION}&event={event['trace_id']}.{event['span_id']}"
    )
    expect(tab.get_by_role("option", selected=True)).to_have_attribute("data-place", "9")
    expect(tab.locator(".st-key-event-name")).to_have_text(event["name"])


def test_looking_closer_is_in_the_address_and_shows_where_in_the_whole(server: Server, tab: Page):
    tab.goto(f"{server.screens}/replay?session={SESSION}")
    expect(tab.locator(".place")).to_have_text("Step 1 of 28")
    tab.keyboard.press("+")
    expect(tab).to_have_url(re.compile(r"zoom=0\.00000-0\.60000"))
    tab.reload()
    expect(tab.locator(".minimap")).to_be_visible()
    expect(tab.locator(".part")).to_have_text("0 ms – 296 ms of 494 ms")
    tab.keyboard.press("End")
    expect(tab.locator(".part")).to_have_text("197 ms – 494 ms of 494 ms")
    tab.keyboard.press("0")
    expect(tab.locator(".minimap")).to_be_hidden()


def test_back_returns_to_the_event_and_then_to_the_filtered_table(server: Server, tab: Page):
    tab.goto(f"{server.screens}/?range=all&q=user:user-7")
    tab.get_by_role("link", name="refund_flow").click()
    tab.get_by_role("option").nth(2).click()
    expect(tab.locator(".place")).to_have_text("Step 3 of 28")
    tab.get_by_role("option").nth(5).click()
    expect(tab.locator(".place")).to_have_text("Step 6 of 28")
    tab.go_back()
    expect(tab.locator(".place")).to_have_text("Step 3 of 28")
    expect(tab.locator(".st-key-event-name")).to_have_text(skeleton(server)[2]["name"])
    tab.go_back()
    tab.go_back()
    expect(tab.get_by_role("link", name="refund_flow")).to_be_visible()
    assert tab.url.endswith("/?range=all&q=user:user-7")


def test_two_sessions_that_are_ticked_are_compared_and_lead_to_where_they_part(
    server: Server, tab: Page
):
    send(server, capture("openinference-openai-agents__handoff-guardrail"))
    wait_for(lambda: len(sessions(server)) >= 4)
    tab.goto(f"{server.screens}/?range=all&q=name:Support*")
    booking, faq = (tab.get_by_role("row").filter(has_text=tokens) for tokens in ("8,724", "5,118"))
    booking.get_by_role("checkbox").click()
    faq.get_by_role("checkbox").click()
    tab.get_by_role("status").get_by_role("link", name="Compare").click()
    parts = tab.get_by_role("row").filter(has_text="they part here")
    expect(parts).to_contain_text("7 handoff to FAQ agent")
    tab.get_by_role("radio", name="all").click()
    expect(tab.get_by_role("row").filter(has_text="alike")).to_have_count(0)
    expect(tab).to_have_url(re.compile("show=all"))
    parts.get_by_role("link", name="handoff to Booking agent").click()
    expect(tab.locator(".place")).to_have_text("Step 7 of 16")
    tab.locator(".title").get_by_role("link", name="Compare").click()
    expect(tab.get_by_text("Compare Support workflow with which session?")).to_be_visible()


def test_the_first_page_is_found_under_its_name_too(server: Server, tab: Page):
    tab.add_init_script(WATCH)
    tab.goto(f"{server.screens}/sessions?range=all&q=user:user-7")
    expect(tab.get_by_role("link", name="refund_flow")).to_be_visible()
    assert tab.evaluate("window.said_not_found") is None
    assert tab.url.endswith("/?range=all&q=user:user-7")


def test_a_bar_of_the_strip_narrows_the_table_to_its_day(server: Server, tab: Page):
    tab.goto(f"{server.screens}/?range=all&tz=UTC&q=user:user-7")
    began = datetime.fromisoformat(sessions(server)[0]["started_at"]).date()
    tab.locator(".pulse .bar").last.click()
    expect(tab).to_have_url(re.compile(f"from={began}T00.*to={began + timedelta(days=1)}T00"))
    expect(tab.get_by_role("link", name="refund_flow")).to_be_visible()


def test_strip_and_headings_say_what_they_are_to_whoever_hears_them(server: Server, tab: Page):
    tab.goto(f"{server.screens}/?range=all&tz=UTC&q=user:user-7")
    strip = tab.get_by_role("slider", name="Sessions over time")
    expect(strip).to_have_attribute("aria-valuetext", "none chosen")
    strip.focus()
    tab.keyboard.press("End")
    expect(strip).to_have_attribute("aria-valuetext", re.compile("1 session"))
    expect(strip).to_have_attribute("aria-valuenow", strip.get_attribute("aria-valuemax") or "")
    assert "" not in tab.get_by_role("columnheader").all_text_contents()


def test_a_filter_that_cannot_be_read_stays_to_be_mended(server: Server, tab: Page):
    tab.goto(f"{server.screens}/?range=all&q=cost:>x")
    expect(tab.get_by_text("The query API refused this.")).to_be_visible()
    tab.get_by_role("button", name="Clear all").click()
    expect(tab.get_by_role("link", name="refund_flow")).to_be_visible()


def test_from_words_of_an_incident_to_its_error_and_a_link_for_somebody_else(
    server: Server, tab: Page
):
    tab.goto(f"{server.screens}/?range=all&q=%22amount+exceeds%22")
    tab.get_by_role("link", name="refund_flow").click()
    tab.get_by_role("button", name="next error").click()
    event = tab.locator(".st-key-event")
    expect(event.locator(".st-key-event-name")).to_have_text("issue_refund")
    expect(event.get_by_text("amount exceeds the 100.00 limit").first).to_be_visible()
    given = event.locator(".st-key-role-arguments")
    expect(given).to_be_visible()
    expect(event.get_by_text("845").first).to_be_visible()
    tab.get_by_role("button", name="Previous step").click()
    expect(event.locator(".st-key-event-name")).to_have_text("tools")
    expect(event.locator(".st-key-role-changes")).to_be_visible()
    expect(event.get_by_text("messages  2 items → 1 item")).to_be_visible()
    tab.get_by_role("button", name="Previous step").click()
    expect(event.get_by_text("agent → tools")).to_be_visible()
    tab.get_by_role("button", name="Share").click()
    tab.get_by_role("button", name="Make a link").click()
    link = tab.get_by_text(f"session={SESSION}&share=").inner_text()
    tab.goto(link)
    expect(tab.locator(".place")).to_have_text("Step 1 of 28")
    tab.goto(link.replace(SESSION, "another"))
    expect(tab.get_by_text("This link shows nothing any more, or not this.")).to_be_visible()


@pytest.mark.skipif(
    datetime.now(UTC).day > 30, reason="a client's clock is believed for 30 days back"
)
def test_finance_goes_from_last_month_by_team_to_a_file_and_the_dearest_session(
    server: Server, tab: Page
):
    for number, team in enumerate(("refunds", "refunds", "search"), start=1):
        send(server, paid_last_month(number, f"team:{team}"))
    wait_for(lambda: len([s for s in sessions(server) if s["id"].startswith("invoiced")]) == 3)
    tab.goto(f"{server.screens}/spend?by=tag&tz=UTC")
    tab.get_by_role("button", name="Dates").click()
    tab.get_by_role("button", name="Last month").click()
    expect(tab).to_have_url(re.compile("from="))
    tab.keyboard.press("Escape")
    url = httpx.URL(tab.url).params
    asked = {"since": url["from"], "until": url["to"], "tz": "UTC"}
    spend = httpx.get(f"{server.api}/api/v1/spend", params=asked | {"group_by": "tag"}).json()
    lines = tab.get_by_role("table", name="Spend", exact=True)
    expect(lines.get_by_role("row").last).to_contain_text(short(spend["total"]["cost_usd"]))
    by_team = {row["key"]["tag"]: row["totals"]["cost_usd"] for row in spend["rows"]}
    for team in ("team:refunds", "team:search"):
        expect(lines.get_by_role("row").filter(has_text=team)).to_contain_text(short(by_team[team]))
    assert sum(map(Decimal, by_team.values())) == Decimal(spend["total"]["cost_usd"])
    tab.get_by_role("button", name="Export").click()
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="CSV").click()
    with taken.value.path().open(newline="") as file:
        paid = {row["tag"]: Decimal(row["cost_usd"]) for row in csv.DictReader(file)}
    assert paid == {team: Decimal(usd) for team, usd in by_team.items()}
    tab.keyboard.press("Escape")
    lines.get_by_role("link", name="team:refunds").click()
    expect(tab).to_have_url(re.compile("q=tag"))
    dear = tab.get_by_role("table", name="Most expensive sessions")
    expect(dear.get_by_role("row")).to_have_count(3)  # the head, and the sessions of this team
    dear.get_by_role("link").first.click()
    expect(tab.locator(".place")).to_have_text("Step 1 of 1")
    assert "session=invoiced-2" in tab.url  # the dearer of the two
    dearest = httpx.get(f"{server.api}/api/v1/sessions/invoiced-2").json()["totals"]["cost_usd"]
    expect(tab.get_by_test_id("running-dollars")).to_have_text(dollars(dearest))


def short(usd: str) -> str:
    """Return dollars as a table shows them."""
    return f"{Decimal(usd).quantize(Decimal('0.0001')):,f}"


def paid_last_month(number: int, tag: str) -> bytes:
    """Return a session of one call at the end of last month; the higher the number, the dearer."""
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    at = int((first - timedelta(seconds=10)).timestamp()) * 10**9
    tags = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=tag)]))
    said = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "spanledger.tags": tags,
        "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 1_000_000 * number, "gen_ai.usage.output_tokens": 500,
        "session.id": f"invoiced-{number}",
    }  # fmt: skip
    attributes = [attribute(key, value) for key, value in said.items()]  # type: ignore[arg-type]
    return traces(
        span(trace_id=bytes([100 + number]) * 16, attributes=attributes,
             start_time_unix_nano=at, end_time_unix_nano=at + 10**9)
    )  # fmt: skip


def test_playing_runs_to_the_end_and_stops(server: Server, tab: Page):
    tab.goto(f"{server.screens}/replay?session={SESSION}")
    speed = tab.get_by_role("button", name="Speed")
    for _ in range(3):
        speed.click()
    tab.get_by_role("button", name="Play").click()
    expect(tab.locator(".place")).to_have_text("Step 28 of 28")
    expect(tab.get_by_role("button", name="Play")).to_be_visible()


def test_hostile_text_runs_nothing_and_loads_nothing(server: Server, tab: Page):
    said = ("user.id", "llm.model_name", "input.value", "output.value", "tool.name")
    hostile = span(
        trace_id=b"h" * 16, name=HOSTILE,
        attributes=[attribute("openinference.span.kind", "LLM"), attribute("session.id", HOSTILE),
                    *(attribute(key, HOSTILE) for key in said)],
    )  # fmt: skip
    send(server, traces(hostile))
    wait_for(lambda: [item for item in sessions(server) if item["id"] == HOSTILE])
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for path in ("/?range=all", "/spend?range=all", "/?range=all"):
        tab.goto(server.screens + path)
        expect(tab.get_by_text("<img src=http://evil.example").first).to_be_visible()
    tab.get_by_role("link", name="<img src").click()
    expect(tab.locator(".st-key-event-name")).to_have_text(HOSTILE)
    assert tab.evaluate("window.pwned") is None
    assert [url for url in asked if not url.startswith((server.screens, "data:", "blob:"))] == []


def test_ten_thousand_steps_are_a_few_dozen_rows(server: Server, tab: Page):
    steps = [
        span(trace_id=TRACE, span_id=number.to_bytes(8), name=f"step {number}",
             parent_span_id=SPAN if number == 1 else (1).to_bytes(8))
        for number in range(1, 10_001)
    ]  # fmt: skip
    send(server, traces(*steps))
    url = f"{server.api}/api/v1/sessions/{TRACE.hex()}"
    wait_for(lambda: httpx.get(url).json().get("spans") == 10_000)
    tab.goto(f"{server.screens}/replay?session={TRACE.hex()}")
    expect(tab.locator(".place")).to_have_text("Step 1 of 10,000")
    tab.keyboard.press("End")
    expect(tab.locator(".place")).to_have_text("Step 10,000 of 10,000")
    expect(tab.locator(".st-key-event-name")).to_have_text("step 10000")
    assert tab.get_by_role("option").count() < 100


@pytest.mark.parametrize("path", ["/?range=all", f"/replay?session={SESSION}", "/spend?range=all"])
def test_a_phone_shows_every_page_without_scrolling_sideways(server: Server, tab: Page, path: str):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(server.screens + path)
    expect(tab.locator("table, .transcript").first).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_a_cell_says_what_its_column_is(server: Server, tab: Page):
    tab.goto(f"{server.screens}/models?range=all")
    cell = tab.locator("td.source").first
    before = "cell => getComputedStyle(cell, '::before').content"
    assert cell.evaluate(before) == "none"
    tab.set_viewport_size({"width": 390, "height": 844})
    assert cell.evaluate(before).startswith('"price from')


def test_the_server_tells_browsers_to_load_nothing_else(server: Server):
    headers = httpx.get(server.screens).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/agent/openapi.json", f"/{assets()}/replay/..%2frun.py"]
)
def test_what_is_nobodys_business_is_not_served(server: Server, path: str):
    assert httpx.get(server.screens + path).status_code in {400, 404}


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 101), ("evil.example", 403)])
def test_a_rebound_name_gets_no_connection(server: Server, host: str, status: int):
    port = server.settings.ui_port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.putrequest("GET", "/_stcore/stream", skip_host=True)
    for name, value in {
        "Host": f"{host}:{port}", "Origin": f"http://{host}:{port}", "Connection": "Upgrade",
        "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }.items():  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == status
    answer.close()
    connection.close()
