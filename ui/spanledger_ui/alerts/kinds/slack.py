"""Slack, and what takes the same requests (Mattermost, Rocket.Chat): an incoming webhook.

Source: https://api.slack.com/messaging/webhooks and, for what is escaped, …/reference/surfaces/formatting.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.kinds.fields import hidden
from spanledger_ui.alerts.message import Message, brief, subject_of

MOST = 3000  # characters of a section


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook; whoever knows its address may post."""

    groups: ClassVar[bool] = True

    url: str = hidden()
    private: bool = False

    def __post_init__(self) -> None:
        outbound.target(self.url)

    def notify(self, messages: Sequence[Message]) -> None:
        """Post messages as one."""
        words = {"type": "plain_text", "text": brief(messages, MOST), "emoji": False}
        said = {
            "text": escaped(subject_of(messages)),
            "blocks": [{"type": "section", "text": words}],
        }
        outbound.post(self.url, json.dumps(said).encode(), {}, private=self.private)


def escaped(text: str) -> str:
    """Return text in which nothing is a link or calls anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
