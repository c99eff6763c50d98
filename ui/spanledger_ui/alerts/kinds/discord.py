"""Discord: a webhook of a channel. Source: https://discord.com/developers/docs/resources/webhook."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.kinds.fields import hidden
from spanledger_ui.alerts.message import Message, brief

MOST = 2000  # characters


@dataclass(frozen=True, slots=True)
class Discord:
    """A webhook of a channel; whoever knows its address may post."""

    groups: ClassVar[bool] = True

    url: str = hidden()
    private: bool = False

    def __post_init__(self) -> None:
        outbound.target(self.url)

    def notify(self, messages: Sequence[Message]) -> None:
        """Post messages as one, in which no name calls anybody."""
        said = {"content": brief(messages, MOST), "allowed_mentions": {"parse": []}}
        outbound.post(self.url, json.dumps(said).encode(), {}, private=self.private)
