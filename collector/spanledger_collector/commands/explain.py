"""Show what Spanledger makes of an OTLP payload and why, without a server.

For whoever asks "why has my call no cost": the calls of each trace with their tokens and dollars,
what was not billed and for which reason, tools, nodes, agents, errors, and what to look at first.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from spanledger_collector import decode
from spanledger_collector.explain import explain
from spanledger_collector.explain.explained import readable
from spanledger_collector.pricebook import Pricebook
from spanledger_collector.prices.rowfile import BadPrice, row
from spanledger_collector.prices.rows import Row


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("file", type=Path, help="body of a trace request (protobuf, or JSON)")
    parser.add_argument("--logs", type=Path, help="body of a log request of the same run")
    parser.add_argument("--otlp-json", action="store_true", help="both files are OTLP/JSON")
    parser.add_argument("--prices", type=Path, help="prices to use instead of the catalogue")
    parser.add_argument(
        "--estimate", action="store_true", help="estimate tokens of calls that report none"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Print the explanation; 2 when a file cannot be read."""
    encoding: decode.Encoding = (
        "json" if args.otlp_json or args.file.suffix == ".json" else "protobuf"
    )
    try:
        spans = decode.spans(args.file.read_bytes(), encoding).spans
        records = decode.records(args.logs.read_bytes(), encoding).records if args.logs else []
        book = Pricebook(own=own_rows(args.prices)) if args.prices else Pricebook()
    except (OSError, ValueError, decode.Malformed) as error:
        print(f"spanledger: {error}", file=sys.stderr)
        return 2
    found = explain(spans, records, book, estimated=args.estimate)
    print(as_json(found) if args.json else readable(found))
    return 0


def as_json(found: dict[str, Any]) -> str:
    """Return the explanation as JSON; bytes in it as hex."""
    return json.dumps(found, indent=1, ensure_ascii=False, default=bytes.hex)


def own_rows(path: Path) -> list[Row]:
    """Return the price rows in a JSON file: a list of them, or rates per million tokens by model.

    Raises:
        BadPrice: a row cannot be meant as it is written, or the file is no JSON.
    """
    written = json.loads(path.read_text(encoding="utf-8"))
    listed = written.get("prices", written) if isinstance(written, dict) else written
    if isinstance(listed, dict):
        listed = [by_model(model, rates) for model, rates in listed.items()]
    if not isinstance(listed, list):
        raise BadPrice(f"{path}: expected price rows, or an object of models")
    return [row(each, order) for order, each in enumerate(listed)]


def by_model(model: str, rates: dict[str, Any]) -> dict[str, Any]:
    """Return the row for the rates of a model at whatever provider; null is no rate."""
    known = {meter: str(usd) for meter, usd in rates.items() if usd is not None}
    return {"id": model, "provider": "*", "model": model, "usd_per_mtok": known}
