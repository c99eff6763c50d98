"""A webhook, signed as Standard Webhooks 1.0 says: https://www.standardwebhooks.com.

One request for each message. The id stays the same when it is sent again.
"""

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.kinds.fields import hidden
from spanledger_ui.alerts.message import Message

PREFIX = "whsec_"

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "report": "spend.report",
        **{said: f"approval.{said}" for said in ("pending", "approved", "denied", "timed_out")},
    }
)
"""What a request says that it is, by event, where that is no alert."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes signed requests."""

    groups: ClassVar[bool] = False

    url: str
    secret: str = hidden()
    private: bool = False
    clock: Callable[[], float] = field(default=time.time, metadata={"ours": True})

    def __post_init__(self) -> None:
        outbound.target(self.url)
        if len(key_of(self.secret)) < 24:
            raise ValueError(f"secret: give {PREFIX} and at least 24 bytes in base64 after it")

    def notify(self, messages: Sequence[Message]) -> None:
        """Send each message."""
        for message in messages:
            body, at = body_of(message), str(int(self.clock()))
            headers = {
                "webhook-id": message.id,
                "webhook-timestamp": at,
                "webhook-signature": signature(self.secret, message.id, at, body),
            }
            outbound.post(self.url, body, headers, private=self.private)


def body_of(message: Message) -> bytes:
    """Return what is sent of a message."""
    said = {
        "type": TYPES.get(message.event, f"alert.{message.event}"),
        "timestamp": message.happened_at.isoformat(),
        "data": {"title": message.title, "severity": message.severity, **message.data},
    }
    return json.dumps(said, ensure_ascii=False).encode()


def signature(secret: str, id_: str, at: str, body: bytes) -> str:
    """Return the signature of a request: HMAC-SHA256 over id, second and body."""
    signed = f"{id_}.{at}.".encode() + body
    return "v1," + b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret; raise ValueError when it is none."""
    return b64decode(secret.removeprefix(PREFIX), validate=True)
