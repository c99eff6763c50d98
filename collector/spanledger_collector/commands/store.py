"""Own the database, drain the spool into it and answer queries; part of `spanledger serve`."""

import logging
from argparse import ArgumentParser, Namespace

from spanledger_collector import process

log = logging.getLogger(__name__)

FAILED = 1  # exit code: worth another try, the server may only be late


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Serve until stopped."""
    settings = process.begin(args, "api_port")
    with process.holding(settings.data / "store.lock", f"data folder {settings.data}"):
        # Two seconds of CPU, which nobody waits for to be told that a port is in use.
        with process.importing():
            from spanledger_collector import app
            from spanledger_collector.store import ClickHouseError

        try:
            return app.serve(settings)
        except ClickHouseError as error:
            log.error("store %s: %s", settings.store_shown, error)  # noqa: TRY400 – it says it all
            return FAILED
