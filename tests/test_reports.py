"""Reports of spend: the numbers of /spend, once a period, to a real mail server and a Slack endpoint."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.store import Store
from spanledger_ui.alerts.channels import ChannelInvalid, channel
from spanledger_ui.alerts.report import Reporter
from spanledger_ui.alerts.schedule import schedule
from spanledger_ui.client import Client
from tests.finance import call, gpt
from tests.otlp import traces
from tests.pipeline import Pipeline, running
from tests.receivers import Mailbox
from tests.test_channels import Site, mailbox, site  # noqa: F401 – fixtures
from tests.ui_server import listening

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def pipeline(embedded: Store, tmp_path: Path) -> Iterator[Pipeline]:
    """Return two dear calls of yesterday and one without a price, one of the day before."""
    with running(embedded, tmp_path) as found:
        found.post("traces", traces(gpt(1, 1), gpt(2, 1), call(3, 1), gpt(4, 2)))
        yield found


@pytest.mark.parametrize(
    ("written", "now", "first", "end"),
    [
        ("daily", "2026-11-21T12:00Z", "2026-11-20", "2026-11-21"),
        ("daily Europe/Berlin", "2026-11-20T23:30Z", "2026-11-20", "2026-11-21"),
        ("weekly", "2026-11-21T12:00Z", "2026-11-09", "2026-11-16"),
        ("monthly", "2026-03-31T12:00Z", "2026-02-01", "2026-03-01"),
        ("monthly America/New_York", "2026-01-01T03:00Z", "2025-11-01", "2025-12-01"),
    ],
)
def test_a_report_is_of_the_last_whole_period_on_its_own_clock(
    written: str, now: str, first: str, end: str
):
    days = schedule(written, "default").days(datetime.fromisoformat(now))
    assert tuple(map(str, days)) == (first, end)


def test_a_day_on_which_the_clocks_change_begins_and_ends_at_midnight():
    berlin = schedule("daily Europe/Berlin", "default")
    first, end = berlin.days(datetime(2026, 10, 26, 12, tzinfo=UTC))
    assert berlin.midnight(end) - berlin.midnight(first) == timedelta(hours=25)


@pytest.mark.parametrize("written", ["hourly", "weekly Mars/Base", 7])
def test_a_schedule_that_is_none_is_refused(written: object):
    section = {"kind": "slack", "url_env": "URL", "report": written}
    with pytest.raises(ChannelInvalid, match="channel c: report:"):
        channel("c", section, {"URL": "https://example.com/"})


def reporting(api: str, slack: Site) -> closing[Reporter]:
    section = {"kind": "slack", "url_env": "URL", "private": True, "report": "daily"}
    made = channel("c", section, {"URL": slack.url})
    assert made.report is not None
    return closing(Reporter(Client(api, project="default"), made, made.report))


def test_slack_is_told_the_numbers_of_the_spend_page_once_also_after_a_restart(
    pipeline: Pipeline,
    site: Site,  # noqa: F811
):
    with listening(pipeline.api.app) as api:
        with reporting(api, site) as telling:
            assert [telling.run(NOON), telling.run(NOON)] == [True, False]
        with reporting(api, site) as telling:
            assert not telling.run(NOON + timedelta(hours=1))
        said: Any = json.loads(site.got[0][2])
        range_ = {"since": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}
        total = pipeline.get("spend", **range_)["total"]
    assert (total["cost_usd"], total["unpriced_calls"]) == ("0.019", 1)
    assert said["text"] == "Spend of the day from 2026-11-20: 0.02 USD + 1 unpriced"
    words = said["blocks"][0]["text"]["text"].splitlines()
    assert words[2] == "3 calls; the day before: 0.01 USD"
    assert "model gpt-4o-2024-08-06: 0.02 USD" in words
    (log,) = pipeline.get("alerts/deliveries")
    assert (log["message_id"], log["event"], log["outcome"]) == (
        "report.daily.2026-11-20", "report", "delivered",
    )  # fmt: skip


def test_what_failed_is_tried_again_when_its_pause_is_over(
    pipeline: Pipeline,
    site: Site,  # noqa: F811
):
    site.status = 503
    with listening(pipeline.api.app) as api:
        with reporting(api, site) as telling:
            assert telling.run(NOON)
        with reporting(api, site) as telling:
            assert not telling.run(NOON + timedelta(seconds=9))
            site.status = 200
            assert telling.run(NOON + timedelta(seconds=10))
    assert [(row["attempt"], row["outcome"]) for row in pipeline.get("alerts/deliveries")] == [
        (2, "delivered"), (1, "retry"),
    ]  # fmt: skip


def test_a_report_by_mail_is_one_mail_under_its_own_id(
    pipeline: Pipeline,
    mailbox: tuple[Mailbox, int],  # noqa: F811
):
    box, port = mailbox
    section = {"kind": "email", "host": "127.0.0.1", "port": port, "sender": "s@example.com",
               "to": ["finance@example.com"], "security": "none", "private": True,
               "report": "monthly"}  # fmt: skip
    made = channel("mail", section, {})
    assert made.report is not None
    with (
        listening(pipeline.api.app) as api,
        closing(Reporter(Client(api), made, made.report)) as telling,
    ):
        assert telling.run(NOON + timedelta(days=14))
    (got,) = box.mails
    assert got["subject"] == "Spend of the month from 2026-11-01: 0.03 USD + 1 unpriced"
    assert got["message-id"] == "<report.monthly.2026-11-01@spanledger>"
