"""Tell people of alerts on the channels that --channels names; part of `spanledger serve`.

The server does not import what delivers them: it asks the installation which function does.
"""

from argparse import ArgumentParser, Namespace
from importlib.metadata import entry_points
from pathlib import Path

from spanledger_collector import process
from spanledger_collector.process import Refused


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Deliver alerts until stopped."""
    settings = process.begin(args)
    (point,) = entry_points(group="spanledger.alerts", name="watch")
    watch = point.load()
    if not settings.channels:
        raise Refused("there is no channel to tell alerts on; name a file of them with --channels")
    try:
        deliver = watch(
            settings.api_url,
            Path(settings.channels).expanduser(),
            settings.watch_key,
            commands=settings.channel_commands,
        )
    except ValueError as error:
        raise Refused(str(error)) from error
    deliver()
    return 0
