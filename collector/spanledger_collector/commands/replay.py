"""Store again what the spool still has; asks the running server.

For a store that was restored from an older backup, or that has lost a part. What is there already
stays as it is: no total counts anything twice.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime

from spanledger_collector import asking
from spanledger_collector.prices.rowfile import instant


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "--since",
        type=when,
        required=True,
        help="date (midnight UTC) or RFC 3339 moment of receipt",
    )
    asking.flags(parser)


def when(written: str) -> datetime:
    """Return a moment of the command line."""
    try:
        return instant(written)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def run(args: Namespace) -> int:
    """Replay and say how much that was."""
    since = args.since.astimezone(UTC).isoformat()
    found = asking.Server(args).post("replay", {"since": since})
    print(f"replayed {found['batches']} batches with {found['spans']} spans")
    return 0
