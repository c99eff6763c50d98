"""Show what Spanledger makes of an OTLP payload and why, without a server.

For whoever asks "why has my call no cost": the calls of each trace with their tokens and dollars,
what was not billed and for which reason, tools, nodes, agents, errors, and what to look at first.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from spanledger_collector import decode
from spanledger_collector.explain import explain
from spanledger_collector.explained import readable
from spanledger_collector.pricebook import Pricebook


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("file", type=Path, help="body of a trace request (protobuf, or JSON)")
    parser.add_argument("--logs", type=Path, help="body of a log request of the same run")
    parser.add_argument("--otlp-json", action="store_true", help="both files are OTLP/JSON")
    parser.add_argument("--prices", type=Path, help="prices to use instead of the catalogue")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Print the explanation; 2 when a file cannot be read."""
    encoding: decode.Encoding = "json" if args.otlp_json or args.file.suffix == ".json" else "protobuf"
    try:
        spans = decode.spans(args.file.read_bytes(), encoding).spans
        records = decode.records(args.logs.read_bytes(), encoding).records if args.logs else []
        book = Pricebook()
    except (OSError, ValueError, decode.Malformed) as error:
        print(f"spanledger: {error}", file=sys.stderr)
        return 2
    found = explain(spans, records, book)
    print(json.dumps(found, indent=1, ensure_ascii=False) if args.json else readable(found))
    return 0
