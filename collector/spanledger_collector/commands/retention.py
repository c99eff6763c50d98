"""Show or set how long prompts and dollars are kept; asks the running server.

`spanledger retention set --project shop --payload-days 30 --ledger-days 2000` keeps what agents said for
a month and what it cost for years. What is left out is kept for ever. `--project '*'` is for every
project without a rule of its own.
"""

import json
import os
from argparse import ArgumentParser, Namespace
from typing import Any

from spanledger_collector import asking
from spanledger_collector.table import aligned


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("action", choices=("show", "set"))
    parser.add_argument("--project", default="", help="* for every one without its own rule")
    parser.add_argument("--payload-days", type=int, help="prompts, answers, log records [for ever]")
    parser.add_argument("--ledger-days", type=int, help="spans, tokens, dollars [for ever]")
    asking.flags(parser)


def run(args: Namespace) -> int:
    """Show the rules, or change one and show it."""
    server = asking.Server(args)
    if args.action == "show":
        print(listing(server.get("retention")))
        return 0
    wanted = {
        "project_id": args.project,
        "payload_days": args.payload_days,
        "ledger_days": args.ledger_days,
        "by": asking.whoami(os.getuid()),
    }
    body = json.dumps(wanted).encode()
    print(listing([json.loads(server.send("PUT", "retention", body, "application/json"))]))
    return 0


def listing(rules: list[dict[str, Any]]) -> str:
    """Return rules as a table."""
    rows = [("project", "prompts and answers", "tokens and dollars")]
    rows += [(r["project_id"], kept(r["payload_days"]), kept(r["ledger_days"])) for r in rules]
    return "\n".join(aligned(rows, left=len(rows[0])))


def kept(days: int | None) -> str:
    """Return a number of days in words."""
    return "for ever" if days is None else f"{days} days"
