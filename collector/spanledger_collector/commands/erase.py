"""Erase what a user, a session or a trace said and was told; asks the running server.

`spanledger erase --user u-42` prints a receipt: how many rows lost their words where, what stays
and why. What arrives later for them stays masked. It can be run again at any time.
"""

import os
from argparse import ArgumentParser, Namespace
from typing import Any

from spanledger_collector import asking
from spanledger_collector.table import aligned


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--user", metavar="ID")
    whom.add_argument("--session", metavar="ID")
    whom.add_argument("--trace", metavar="ID", help="32 hex digits")
    asking.flags(parser)


def run(args: Namespace) -> int:
    """Erase and print the receipt."""
    kind = next(kind for kind in ("user", "session", "trace") if getattr(args, kind))
    wanted = {"kind": kind, "id": getattr(args, kind), "by": asking.whoami(os.getuid())}
    print(receipt(asking.Server(args).post("erase", wanted)))
    return 0


def receipt(said: dict[str, Any]) -> str:
    """Return what was erased, and what stays, for whoever asked for it."""
    rows = [(table.replace("_", " "), str(count)) for table, count in said["rows"].items()]
    return "\n".join(
        [
            f"Erased {said['kind']} {said['subject']} at {said['erased_at'][:19]}Z.",
            f"Where its id was there is now {said['alias']}.",
            "",
            "Rows that lost their words, or are gone:",
            *(f"  {line}" for line in aligned(rows)),
            "",
            "What stays:",
            *(f"  - {why}" for why in said["stays"]),
        ]
    )
