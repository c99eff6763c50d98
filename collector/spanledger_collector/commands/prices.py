"""Show, export and import the operator's own prices; asks the running server.

`spanledger prices` lists them. `spanledger prices export > prices.yaml` writes the price file,
`spanledger prices import prices.yaml` shows what the file would change, and with --yes changes it.
Prices hold for spans from then on; `spanledger reprice` carries them into the past.
"""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, Literal

from spanledger_collector import asking
from spanledger_collector.process import Refused
from spanledger_collector.table import aligned

RULES = ("usd_per_mtok", "usd_per_unit", "usd_per_request", "multiplier", "multipliers", "tiers")


def configure(parser: ArgumentParser) -> None:
    """Add the flags and what can be done."""
    asking.flags(parser)
    actions = parser.add_subparsers(dest="action", metavar="list | export | import")
    actions.add_parser("list", help="one line for each price and alias (default)")
    export = actions.add_parser("export", help="write the price file to standard output")
    export.add_argument("--json", action="store_true", help="JSON instead of YAML")
    taken = actions.add_parser("import", help="take a price file in (.yaml, .yml, .json)")
    taken.add_argument("file", type=Path)
    taken.add_argument("--yes", action="store_true", help="change it, after showing what changes")
    taken.add_argument(
        "--replace", action="store_true", help="withdraw what the file does not name"
    )
    taken.add_argument("--note", default="", help="why, for the audit")


def run(args: Namespace) -> int:
    """Do what was asked."""
    server = asking.Server(args)
    if args.action == "export":
        sys.stdout.write(server.text("prices/file", format="json" if args.json else "yaml"))
    elif args.action == "import":
        take_in(server, args)
    else:
        print(readable([*server.get("prices"), *server.get("prices/aliases")]))
    return 0


def take_in(server: asking.Server, args: Namespace) -> None:
    """Show what a price file changes, then change it if that was said."""
    body = read(args.file)
    asked = {
        "format": style_of(args.file),
        "replace": args.replace,
        "dry_run": not args.yes,
        "by": asking.whoami(os.getuid()),
        "note": args.note,
    }
    path = asking.with_query("prices/file", asked)
    found = json.loads(server.send("POST", path, body, "application/octet-stream"))
    print(differences(found))


def style_of(file: Path) -> Literal["yaml", "json"]:
    """Return how a price file is written, by its name."""
    return "json" if file.suffix == ".json" else "yaml"


def read(file: Path) -> bytes:
    """Return what a file holds."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}; name a price file") from error


def differences(found: dict[str, Any]) -> str:
    """Return what an import changes, line by line, before and after."""
    lines = []
    for change in found["changes"]:
        lines.append(f"{change['change']:<9} {change['kind']} {change['id']}")
        before, after = change["before"] or {}, change["after"] or {}
        for field in sorted({*before, *after} - {"id"}):
            if before.get(field) != after.get(field):
                lines += [f"  - {field}: {before[field]}"] if field in before else []
                lines += [f"  + {field}: {after[field]}"] if field in after else []
    lines.append(f"{len(found['changes'])} changed, {found['unchanged']} unchanged")
    if found["dry_run"] and found["changes"]:
        lines.append("Nothing is written yet: say --yes.")
    return "\n".join(lines)


def readable(entries: list[dict[str, Any]]) -> str:
    """Return prices and aliases as a table."""
    if not entries:
        return "No prices of your own: the catalogue alone decides. Add them with `import`."
    head = ("id", "state", "provider", "model", "from", "to", "what")
    return "\n".join(aligned([head, *(line(e) for e in entries)], left=7))


def line(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one entry."""
    said = entry["written"]
    model = said["model"] if isinstance(said["model"], str) else ", ".join(said["model"])
    what = [f"{rule} {said[rule]}" for rule in RULES if rule in said]
    if entry["kind"] == "alias":
        what = [f"is {said.get('to_provider', said['provider'])}/{said['to_model']}"]
    return (
        entry["id"], entry["state"], said["provider"], model, said.get("effective_from", ""),
        said.get("effective_to", ""), "; ".join(what),
    )  # fmt: skip
