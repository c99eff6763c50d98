"""Microsoft Teams: a workflow that posts an adaptive card.

Source: "Create incoming webhooks with Workflows for Microsoft Teams", adaptive cards 1.4.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.kinds.fields import hidden
from spanledger_ui.alerts.message import Message

MOST = 20
"""Messages of one card: one may have 28 KB."""

CARD = "application/vnd.microsoft.card.adaptive"


@dataclass(frozen=True, slots=True)
class Teams:
    """The address of a workflow; whoever knows it may post."""

    groups: ClassVar[bool] = True

    url: str = hidden()
    private: bool = False

    def __post_init__(self) -> None:
        outbound.target(self.url)

    def notify(self, messages: Sequence[Message]) -> None:
        """Post messages as one card, or as few as will hold them."""
        for i in range(0, len(messages), MOST):
            blocks = [b for message in messages[i : i + MOST] for b in blocks_of(message)]
            content = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
            card = {"contentType": CARD, "content": content}
            said = {"type": "message", "attachments": [card]}
            outbound.post(self.url, json.dumps(said).encode(), {}, private=self.private)


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """Return a message as parts of a card, in which no word is markup."""
    title = {"type": "TextRun", "text": message.title, "weight": "Bolder"}
    rest = [{"type": "TextRun", "text": line} for line in message.lines]
    return [{"type": "RichTextBlock", "inlines": [run]} for run in (title, *rest)]
