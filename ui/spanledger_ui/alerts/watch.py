"""The process that delivers alerts: asks the outbox every other second, until it is told to stop."""

import logging
import signal
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from spanledger_schema.api_budgets import PROOF_CHANNEL
from spanledger_ui.alerts import errands
from spanledger_ui.alerts.channels import Channel, channels
from spanledger_ui.alerts.proof import Arrival
from spanledger_ui.alerts.report import Reporter
from spanledger_ui.client import Client, Refused, Unreachable

log = logging.getLogger(__name__)

PAUSE_S = 2.0


def watch(
    api_url: str, file: Path, api_key: str = "", *, commands: Collection[str] = ()
) -> Callable[[], None]:
    """Return what delivers alerts until SIGTERM or Ctrl-C.

    Args:
        api_url: where the query API answers.
        file: the channels there are.
        api_key: an admin key of every project, '' where the API asks for none.

        commands: the programs of this machine that channels may run.

    Raises:
        ChannelInvalid: the file says something that is not understood.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for each question we ask
    known = channels(file, commands=commands) | {PROOF_CHANNEL: Channel(PROOF_CHANNEL, Arrival())}

    def deliver() -> None:
        enough = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: enough.set())
        with ExitStack() as open_, Client(api_url, api_key=api_key) as client:
            reporters = [
                open_.enter_context(closing(each))
                for each in reporting(api_url, api_key, known.values())
            ]
            away = False
            while not enough.is_set():
                try:
                    errands.run(client, known, datetime.now(UTC))
                    for reporter in reporters:
                        reporter.run(datetime.now(UTC))
                    away = False
                except (Unreachable, Refused) as error:
                    if not away:  # said once, until it is back
                        log.warning("%s", error)
                    away = True
                enough.wait(PAUSE_S)

    return deliver


def reporting(api_url: str, api_key: str, channels: Iterable[Channel]) -> list[Reporter]:
    """Return what tells of spend: one for each channel that wants it."""
    return [
        Reporter(Client(api_url, api_key=api_key, project=c.report.project), c, c.report)
        for c in channels
        if c.report is not None
    ]
