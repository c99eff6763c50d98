"""Print what a call costs, line by line, or price a file of calls.

`spanledger price gpt-4o --provider openai --input 5000 --cache-read 4096 --output 500` prints one
bill. `spanledger price --jsonl < calls` reads one JSON object a line and writes the priced object
of each, in the same order. Prices are the listed ones; --prices FILE adds those of a price file,
--server those of the running server, which is then what it would charge.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import orjson

from spanledger_collector import asking
from spanledger_collector.pricebook import Pricebook, nanoseconds
from spanledger_collector.prices import catalogue
from spanledger_collector.prices.rowfile import instant
from spanledger_collector.process import Refused
from spanledger_collector.providers import fold, infer
from spanledger_collector.quote import plain, quotes
from spanledger_collector.usage import usage
from spanledger_schema.span import Bill, Counts, Scope

COUNTS = {
    "--input": ("input_tokens", "input tokens, cached ones included"),
    "--output": ("output_tokens", "output tokens, reasoning included"),
    "--cache-read": ("cache_read_tokens", "input tokens read from a cache"),
    "--cache-write": ("cache_write_tokens", "input tokens written to a cache"),
    "--cache-write-1h": ("cache_write_1h_tokens", "those of them kept for an hour"),
    "--reasoning": ("reasoning_tokens", "output tokens spent on reasoning"),
    "--input-audio": ("input_audio_tokens", "input tokens that are audio"),
    "--input-image": ("input_image_tokens", "input tokens that are images"),
    "--output-audio": ("output_audio_tokens", "output tokens that are audio"),
    "--output-image": ("output_image_tokens", "output tokens that are images"),
    "--web-searches": ("web_searches", "searches the provider ran"),
    "--rerank-searches": ("rerank_searches", "searches of a rerank model"),
}


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("model", nargs="?", help="model as a span reports it")
    parser.add_argument("--provider", default="", help="provider as a span reports it")
    parser.add_argument("--at", type=when, help="start of the call, RFC 3339 (default: now)")
    parser.add_argument("--jsonl", action="store_true", help="price the calls on standard input")
    parser.add_argument(
        "--exclusive", action="store_true", help="--input leaves cached tokens out (Anthropic)"
    )
    parser.add_argument(
        "--context",
        action="append",
        type=pair,
        default=[],
        metavar="KEY=VALUE",
        help="what else selects the rate: service_tier=flex, processing=batch, region=eu",
    )
    own = parser.add_mutually_exclusive_group()
    own.add_argument("--prices", type=Path, metavar="FILE", help="own prices (.yaml, .yml, .json)")
    own.add_argument("--server", action="store_true", help="own prices of the running server")
    parser.add_argument("--project", default="", help="whose own prices count beside those for all")
    asking.flags(parser)
    for flag, (name, text) in COUNTS.items():
        parser.add_argument(flag, dest=name, type=int, metavar="N", help=text)


def run(args: Namespace) -> int:
    """Print the bill; 1 when the call has no price, 2 when nothing was asked."""
    if args.jsonl:
        for answer in quotes(sys.stdin.buffer, own_book(args), args.project):
            print(orjson.dumps(answer).decode(), flush=True)
        return 0
    if args.model is None:
        print("spanledger: name a model, or pass --jsonl", file=sys.stderr)
        return 2
    at = args.at or datetime.now(UTC)
    bill = own_book(args).bill(
        args.provider,
        args.model,
        usage(counts(args), provider=args.provider, scope=Scope()),
        nanoseconds(at),
        dict(args.context),
        args.project,
    )
    print(readable(bill, args.provider, args.model, at))
    return 0 if bill.usd is not None else 1


def own_book(args: Namespace) -> Pricebook:
    """Return the prices to reckon with: the listed ones, behind those of a file or a server."""
    if not (args.prices or args.server):
        return Pricebook()
    # They load what keeps prices in the store, which a plain question needs not wait for.
    from spanledger_collector.commands.prices import read, style_of
    from spanledger_collector.ledger import price_file
    from spanledger_collector.ledger.price_form import BadEntry

    if args.server:
        return price_file.book(asking.Server(args).text("prices/file", format="json"), "json")
    try:
        return price_file.book(read(args.prices).decode(), style_of(args.prices))
    except (BadEntry, UnicodeDecodeError) as error:
        raise Refused(f"{args.prices}: {error}") from error


def counts(args: Namespace) -> Counts:
    """Return the counts of the command line."""
    found = {name: getattr(args, name) for name, _ in COUNTS.values()}
    return Counts(**found, includes_cache=not args.exclusive, includes_reasoning=True)


def readable(bill: Bill, provider: str, model: str, at: datetime) -> str:
    """Return a bill as a table with its total and where its rates come from."""
    title = f"{model}{f' at {provider}' if provider else ''}, {at:%Y-%m-%d %H:%M} UTC"
    if bill.usd is None:
        return "\n".join([title, f"{bill.status}: {bill.reason}{near(provider, model, bill)}"])
    rows = [("meter", "quantity", "USD each", "USD")]
    rows += [
        (line.meter, f"{line.quantity:,}", plain(line.usd_per_unit) or "", plain(line.usd) or "")
        for line in bill.lines
    ]
    rows.append(("total", "", "", plain(bill.usd) or ""))
    note = f"{bill.status}{f' ({bill.reason})' if bill.reason else ''}"
    source = f"{note} · {bill.price_id} · {bill.price_version}"
    return "\n".join([title, *aligned(rows), source])


def aligned(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """Return rows as lines with the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def near(provider: str, model: str, bill: Bill) -> str:
    """Return the listed names that an unknown one is close to, as a hint."""
    if bill.status != "unpriced" or bill.model_priced:
        return ""
    names = catalogue.names(fold(provider) or infer(model))
    found = get_close_matches(model.lower().rpartition("/")[2], names, n=3, cutoff=0.7)
    return f"; listed are {', '.join(found)}" if found else ""


def when(text: str) -> datetime:
    """Return an instant from the command line."""
    try:
        return instant(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from problem


def pair(text: str) -> tuple[str, str]:
    """Return a key and a value from the command line."""
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
