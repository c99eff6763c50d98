"""One round: what is due is told, and how that went is noted.

The outbox's errands in, attempts out. An errand is noted right after its attempt: killed in
between, it is told once more, under the same id.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from spanledger_schema.api_alerts import Errand
from spanledger_ui.alerts import asked, message
from spanledger_ui.alerts.channels import Channel
from spanledger_ui.alerts.message import Message
from spanledger_ui.alerts.transport import TransportError
from spanledger_ui.client import Client

log = logging.getLogger(__name__)

by_channel = attrgetter("channel")

MOST_TOGETHER = 50
UNTOLD = "not_grave"  # the word in the log for what a channel is not told of


@dataclass(frozen=True, slots=True)
class Attempt:
    """Errands of one channel that go out together."""

    channel: Channel
    errands: Sequence[Errand]
    messages: Sequence[Message]


def run(client: Client, channels: Mapping[str, Channel], now: datetime) -> int:
    """Tell what is due; return how many errands were attempted."""
    count, away = 0, set()
    quiet = [name for name, c in channels.items() if c.quiet and c.quiet.holds(now)]
    for attempt in attempts(client.alerts.errands(list(channels), quiet), channels, now):
        if attempt.channel.name in away:
            continue  # the rest has its turn in later rounds: the other channels wait for nobody
        error = outcome(attempt)
        if error and not error.permanent:
            away.add(attempt.channel.name)
        for errand in attempt.errands:
            client.alerts.note_delivery(
                errand, error.code if error else "", bool(error and error.permanent)
            )
            count += 1
    return count


def attempts(
    errands: Sequence[Errand], channels: Mapping[str, Channel], now: datetime
) -> Iterator[Attempt]:
    """Yield what goes out now: by channel, together where its kind takes several messages."""
    for name, some in groupby(sorted(errands, key=by_channel), key=by_channel):
        channel = channels[name]
        due = [(e, m) for e in some if not channel.waits(m := said(e), now)]
        untold = [pair for pair in due if not channel.takes(pair[1])]
        told = [pair for pair in due if channel.takes(pair[1])]
        size = MOST_TOGETHER if channel.transport.groups else 1
        for pairs in (untold, *(told[i : i + size] for i in range(0, len(told), size))):
            if pairs:
                yield Attempt(channel, [e for e, _ in pairs], [m for _, m in pairs])


def said(errand: Errand) -> Message:
    """Return what is to be said of an errand."""
    if errand.approval is not None:
        return asked.message(errand, errand.approval)
    return message.message(errand)


def outcome(attempt: Attempt) -> TransportError | None:
    """Make an attempt; return what kept it from going out."""
    if not attempt.channel.takes(attempt.messages[0]):
        return TransportError(UNTOLD, permanent=True)
    return told(attempt.channel, attempt.messages)


def told(channel: Channel, messages: Sequence[Message]) -> TransportError | None:
    """Tell a channel; return what kept that from working."""
    try:
        channel.transport.notify(messages)
    except TransportError as error:
        log.warning("channel %s: %s", channel.name, error.code)
        return error
    except Exception:
        log.exception("channel %s", channel.name)  # of our own making: the others must go on
        return TransportError("internal")
    return None
