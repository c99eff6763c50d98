"""Own the database, drain the spool into it and answer queries; part of `spanledger serve`."""

from argparse import ArgumentParser, Namespace

from spanledger_collector import app, process


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Serve until stopped."""
    settings = process.begin(args, "api_port")
    with process.holding(settings.data / "store.lock", f"data folder {settings.data}"):
        app.serve(settings)
    return 0
