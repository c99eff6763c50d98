"""Show, retry or drop what the store could not take; asks the running server.

What is listed was acknowledged and is kept. `retry` stores what can be stored by now, `drop --batch
N` gives one batch up for good, which the audit keeps.
"""

import os
from argparse import ArgumentParser, Namespace
from typing import Any

from spanledger_collector import asking
from spanledger_collector.table import aligned


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("action", choices=("list", "retry", "drop"))
    parser.add_argument("--spool", default="", help="only of this spool, such as 0001.spool")
    parser.add_argument("--batch", type=int, help="only this batch")
    asking.flags(parser)


def run(args: Namespace) -> int:
    """Do what was asked; 1 when something is still held back after a retry."""
    server = asking.Server(args)
    if args.action == "list":
        print(listing(server.get("quarantine")))
        return 0
    choice = {"spool": args.spool, "batch": args.batch, "by": asking.whoami(os.getuid())}
    found = server.post(f"quarantine/{args.action}", choice)
    print(f"stored {found['stored']}, dropped {found['dropped']}, still held {found['held']}")
    return 1 if found["held"] else 0


def listing(held: list[dict[str, Any]]) -> str:
    """Return what is held back as a table."""
    if not held:
        return "Nothing is held back."
    rows = [("spool", "batch", "project", "signal", "items", "received", "reason")]
    rows += [
        (
            each["spool"], str(each["batch"]), each["project_id"], each["signal"],
            str(each["items"]), each["received_at"][:19] + "Z", each["reason"],
        )
        for each in held
    ]  # fmt: skip
    return "\n".join(aligned(rows, left=len(rows[0])))
