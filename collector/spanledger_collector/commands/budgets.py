"""Show, write down, try and end budgets; asks the running server.

`spanledger budgets export > budgets.yaml` writes them out, `spanledger budgets put budgets.yaml` takes
them in: each by its id, those that say the same already are left alone. `preview` shows what the
budgets of a file would have told in their last periods, and writes nothing.
"""

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from spanledger_collector import asking
from spanledger_collector.process import Refused
from spanledger_collector.table import aligned

STANDINGS = ("id", "name", "of", "until", "spent", "limit", "left", "crossed")
PREVIEWED = ("id", "from", "to", "of", "spent", "crossed")


def configure(parser: ArgumentParser) -> None:
    """Add the flags and what can be done."""
    asking.flags(parser)
    actions = parser.add_subparsers(dest="action", metavar="list | show | put | end | …")
    actions.add_parser("list", help="how each budget stands (default)")
    show = actions.add_parser("show", help="what a budget says, and how it stands")
    show.add_argument("id")
    put = actions.add_parser("put", help="write the budgets of a file down (.yaml, .yml, .json)")
    put.add_argument("file", type=Path)
    end = actions.add_parser("end", help="withdraw a budget; what it told is kept")
    end.add_argument("id")
    for changing in (put, end):
        changing.add_argument("--note", default="", help="why, for the audit")
    preview = actions.add_parser("preview", help="what the budgets of a file would have told")
    preview.add_argument("file", type=Path)
    preview.add_argument(
        "--periods", type=int, default=6, help="how many, the present one first [6]"
    )
    export = actions.add_parser("export", help="write all budgets to standard output")
    export.add_argument("--json", action="store_true", help="JSON instead of YAML")


def run(args: Namespace) -> int:
    """Do what was asked and print the outcome."""
    print(ACTIONS[args.action or "list"](asking.Server(args), args))
    return 0


def listed(server: asking.Server, _: Namespace) -> str:
    """Return how every budget stands."""
    budgets = server.get("budgets")
    if not budgets:
        return "No budgets yet; write some down with `spanledger budgets put FILE`."
    standings = server.get("budgets/standings", limit=10_000)["standings"]
    return table(budgets, standings)


def shown(server: asking.Server, args: Namespace) -> str:
    """Return one budget as a file says it, and how it stands."""
    found = [budget for budget in server.get("budgets") if budget["id"] == args.id]
    if not found:
        raise Refused(f"no budget {args.id!r}; `spanledger budgets list` shows them")
    standings = server.get("budgets/standings", budget_id=args.id, limit=10_000)["standings"]
    changed = (
        f"# changed {found[0]['changed_at'][:19]}Z by {found[0]['changed_by'] or 'nobody named'}"
    )
    return f"{changed}\n{written(found, as_json=False)}\n{table(found, standings)}"


def put(server: asking.Server, args: Namespace) -> str:
    """Write the budgets of a file down; nothing of it when one of them is refused."""
    wanted = list(budgets_of(args.file))
    for budget in wanted:
        server.post(asking.with_query("budgets/preview", {"periods": 1}), budget)
    known = {budget["id"]: budget for budget in server.get("budgets")}
    asked = {"by": asking.whoami(os.getuid()), "note": args.note}
    lines = []
    for budget in wanted:
        before = known.get(budget["id"])
        path = f"budgets/{quote(budget['id'], safe='')}" if before else "budgets"
        answer = server.send(
            "PUT" if before else "POST", asking.with_query(path, asked),
            json.dumps(budget, default=str).encode(), "application/json",
        )  # fmt: skip
        lines.append(f"{happened(before, json.loads(answer)):<9}  {budget['id']}")
    return "\n".join(lines)


def happened(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    """Return what became of a budget, in a word."""
    if before is None:
        return "added"
    return "unchanged" if before["written"] == after["written"] else "changed"


def ended(server: asking.Server, args: Namespace) -> str:
    """Withdraw a budget."""
    asked = {"by": asking.whoami(os.getuid()), "note": args.note}
    server.send("DELETE", asking.with_query(f"budgets/{quote(args.id, safe='')}", asked))
    return f"{args.id} is withdrawn; what it told is kept."


def previewed(server: asking.Server, args: Namespace) -> str:
    """Return what the budgets of a file would have come to."""
    path = asking.with_query("budgets/preview", {"periods": args.periods})
    rows = [
        (budget["id"], past["period_start"][:16], past["period_end"][:16], past["group"] or "all",
         least(past["at_least"], past["spent"]), ", ".join(past["crossed"]) or "–")
        for budget in budgets_of(args.file)
        for past in server.post(path, budget)
    ]  # fmt: skip
    return "\n".join(aligned([PREVIEWED, *rows], left=4)) if rows else "Nothing was spent on them."


def exported(server: asking.Server, args: Namespace) -> str:
    """Return all budgets as a file."""
    return written(server.get("budgets"), as_json=args.json)


ACTIONS = {
    "list": listed, "show": shown, "put": put, "end": ended, "preview": previewed,
    "export": exported,
}  # fmt: skip


def table(budgets: list[dict[str, Any]], standings: list[dict[str, Any]]) -> str:
    """Return budgets with what is spent of each, group by group."""
    rows = []
    for budget in budgets:
        own = [s for s in standings if s["budget_id"] == budget["id"]]
        rows += [line(s) for s in own]
        if not own:
            nothing = ("–", "–", "–", budget["written"]["limit"], "–", "–")
            rows.append((budget["id"], budget["written"]["name"], *nothing))
    return "\n".join(aligned([STANDINGS, *rows], left=4))


def line(s: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one standing."""
    return (
        s["budget_id"], s["name"], s["group"] or "all", (s["period_end"] or "–")[:16],
        least(s["at_least"], s["spent"]), f"{s['limit']} {s['measure']}", s["remaining"],
        ", ".join(s["crossed"]) or "–",
    )  # fmt: skip


def least(at_least: bool, amount: str) -> str:
    """Return an amount; "at least" where calls without a price are not in it."""
    return f"at least {amount}" if at_least else amount


def written(budgets: list[dict[str, Any]], *, as_json: bool) -> str:
    """Return budgets as the text of a file."""
    said = {"budgets": [{"id": b["id"], **b["written"]} for b in budgets]}
    if as_json:
        return json.dumps(said, indent=2, ensure_ascii=False)
    import yaml  # 40 ms that only those pay who need it

    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True)).rstrip()


def budgets_of(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the budgets of a file: a list under `budgets`, each with an id; or refuse it."""
    said = document(file)
    found = said.get("budgets") if isinstance(said, dict) else None
    if not isinstance(found, list):
        raise Refused(f"{file}: it has no list `budgets`; `spanledger budgets export` writes one")
    for place, budget in enumerate(found, 1):
        if not isinstance(budget, dict) or not isinstance(budget.get("id"), str):
            raise Refused(f"{file}, budget {place}: id is missing; it tells the budget from others")
        yield budget


def document(file: Path) -> Any:
    """Return what a file says."""
    try:
        text = file.read_text(encoding="utf-8") if str(file) != "-" else sys.stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file}: {error}; name a file of budgets") from error
    import yaml

    try:
        return json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise Refused(f"{file}: {' '.join(str(error).split())}") from error
