"""PagerDuty: events of the Events API v2. What is over resolves its incident.

Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.kinds.fields import hidden
from spanledger_ui.alerts.message import Message

MOST = 1024  # characters of a summary
OVER = ("recovered", "approved", "denied", "timed_out")


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """A service of PagerDuty, by its integration key."""

    groups: ClassVar[bool] = False

    routing_key: str = hidden()
    url: str = "https://events.pagerduty.com/v2/enqueue"
    source: str = "spanledger"
    private: bool = False

    def __post_init__(self) -> None:
        outbound.target(self.url)

    def notify(self, messages: Sequence[Message]) -> None:
        """Send each message as an event."""
        for message in messages:
            said = {"routing_key": self.routing_key, **event(message, self.source)}
            outbound.post(self.url, json.dumps(said).encode(), {}, private=self.private)


def event(message: Message, source: str) -> dict[str, Any]:
    """Return a message as an event; all of one alert belong to one incident."""
    about = {
        "summary": message.title[:MOST],
        "source": source,
        "severity": message.severity,
        "timestamp": message.happened_at.isoformat(),
        "custom_details": dict(message.data),
    }
    action = "resolve" if message.event in OVER else "trigger"
    return {"event_action": action, "dedup_key": message.thread, "payload": about}
