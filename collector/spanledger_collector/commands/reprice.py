"""Price calls of the past anew, as the prices stand now; asks the running server.

Shows by model and by day what that moves; with --dry-run nothing else happens. The write is
audited, can be cut off and run again, and done twice changes nothing the second time.
"""

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from typing import Any

from spanledger_collector import asking
from spanledger_collector.table import aligned


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    moment = "date (midnight UTC) or RFC 3339 moment"
    parser.add_argument("--from", dest="since", type=when, required=True, help=moment)
    parser.add_argument("--to", dest="until", type=when, help=f"{moment}, exclusive (default: now)")
    parser.add_argument("--model", default="", help="as the calls report it (default: every model)")
    parser.add_argument("--provider", default="", help="as the spend shows it")
    parser.add_argument(
        "--only", choices=("unpriced", "all"), default="unpriced",
        help="calls without dollars, or every call [unpriced]",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument("--note", default="", help="why, for the audit")
    asking.flags(parser)


def run(args: Namespace) -> int:
    """Print what the repricing moves, or would move."""
    asked = {
        "from": args.since.isoformat(),
        "to": (args.until or datetime.now(UTC)).isoformat(),
        "model": args.model,
        "provider": args.provider,
        "only": args.only,
        "dry_run": args.dry_run,
        "by": asking.whoami(os.getuid()),
        "note": args.note,
    }
    print(readable(asking.Server(args).post("reprice", asked)))
    return 0


def readable(found: dict[str, Any]) -> str:
    """Return a repricing as two tables and a sentence."""
    if not found["spans"]:
        return "Nothing to change: every call is billed as the prices stand now."
    models = [(f"{m['provider'] or '?'}/{m['model'] or '?'}", m["moved"]) for m in found["models"]]
    days = [(d["day"], d["moved"]) for d in found["days"]]
    wrote = "would be rewritten" if found["dry_run"] else "were rewritten"
    return "\n".join(
        [
            *table("model", [*models, ("total", found["total"])]),
            "",
            *table("day (UTC)", days),
            "",
            f"{found['spans']} spans in {found['traces']} traces {wrote}"
            f" with prices {found['price_version']}.",
        ]
    )


def table(title: str, rows: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return what is moved as lines of a table."""
    head = (title, "calls", "USD before", "USD after", "change", "unpriced before", "after")
    return aligned(
        [
            head,
            *(
                (
                    name, str(m["calls"]), m["before_usd"], m["after_usd"], m["change_usd"],
                    str(m["unpriced_before"]), str(m["unpriced_after"]),
                )
                for name, m in rows
            ),
        ]
    )  # fmt: skip


def when(text: str) -> datetime:
    """Return a moment from the command line; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no moment; write 2026-11-01") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
