"""Make, list, rotate and revoke API keys; asks the running server, or the store when none runs.

`spanledger keys create --scopes ingest --project shop` prints a key, once. Where the server asks
for keys itself, give an administrator's with --api-key or SPANLEDGER_API_KEY.
"""

import os
import time
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from spanledger_collector import asking, process, settings
from spanledger_collector.keys import DEFAULT_PROJECT, keys_file
from spanledger_collector.moments import SECOND_NS, nanoseconds
from spanledger_collector.table import aligned

if TYPE_CHECKING:
    from spanledger_collector.store import Store

SCOPES = ("ingest", "read", "admin")


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("action", choices=("create", "list", "rotate", "revoke"))
    parser.add_argument("id", nargs="?", help="of the key to rotate or revoke")
    parser.add_argument("--project", default=DEFAULT_PROJECT, help="* for every one [default]")
    parser.add_argument("--scopes", default="ingest", help=f"of {', '.join(SCOPES)} [ingest]")
    parser.add_argument("--name", default="", help="what the key is for")
    parser.add_argument(
        "--expires", metavar="WHEN", help="RFC 3339 moment or date (default: never)"
    )
    parser.add_argument(
        "--overlap-s",
        type=float,
        default=86_400.0,
        help="how long a rotated key stays good [86400]",
    )
    settings.add_flags(parser, "data", "store", *asking.SETTINGS)


def run(args: Namespace) -> int:
    """Do what was asked and print the outcome."""
    if args.action in ("rotate", "revoke") and not args.id:
        raise process.Refused(f"say which key to {args.action}; `spanledger keys list` shows them")
    chosen = settings.from_args(args)
    elsewhere = chosen.api_url != chosen.url(chosen.api_port)
    running = elsewhere or process.held(chosen.data / "store.lock")
    print(asked(args) if running else done_here(args, chosen))
    return 0


def asked(args: Namespace) -> str:
    """Have the running server do it; return what to print."""
    server, by = asking.Server(args), asking.whoami(os.getuid())
    if args.action == "list":
        return listing(server.get("keys"))
    if args.action == "revoke":
        server.send("DELETE", f"keys/{quote(args.id, safe='')}?{urlencode({'by': by})}")
        return f"{args.id} is revoked, everywhere within ten seconds."
    if args.action == "rotate":
        body: dict[str, Any] = {"overlap_s": args.overlap_s, "by": by}
        return told(server.post(f"keys/{quote(args.id, safe='')}/rotate", body)["key"])
    expires = None if args.expires is None else moment(expires_ns(args.expires))
    wanted = {"project_id": args.project, "scopes": scopes(args), "name": args.name}
    return told(server.post("keys", {**wanted, "expires_at": expires, "by": by})["key"])


def done_here(args: Namespace, chosen: settings.Settings) -> str:
    """Do it in the store itself, which nobody else holds; return what to print."""
    from spanledger_collector import keychest  # the engine is loaded only here
    from spanledger_collector.store import Store

    process.prepare_folder(chosen.data)
    with process.holding(chosen.data / "store.lock", f"data folder {chosen.data}"):
        store, now_ns = Store(chosen.store, cluster=chosen.cluster), time.time_ns()
        try:
            said = changed(args, store, now_ns)
            keychest.hand_over(store, keys_file(chosen.data), now_ns)
        except keychest.NoSuchKey as error:
            raise process.Refused(str(error)) from error
        finally:
            store.close()
    return said


def changed(args: Namespace, store: "Store", now_ns: int) -> str:
    """Carry out the command on a store; return what to print."""
    from spanledger_collector import keychest

    by = asking.whoami(os.getuid())
    if args.action == "list":
        return listing([asdict(key.shown) for key in keychest.kept(store)])
    if args.action == "revoke":
        return f"{keychest.revoke(store, now_ns, args.id, by).id} is revoked."
    if args.action == "rotate":
        return told(keychest.rotate(store, now_ns, args.id, args.overlap_s, by)[1])
    expires = expires_ns(args.expires) if args.expires else None
    wanted = (args.project, scopes(args), args.name, expires, by)
    return told(keychest.create(store, now_ns, *wanted)[1])


def scopes(args: Namespace) -> list[str]:
    """Return the scopes of the command line."""
    wanted = [part.strip() for part in args.scopes.split(",")]
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise process.Refused(f"no scope is called {unknown[0]!r}; give of {', '.join(SCOPES)}")
    return wanted


def expires_ns(written: str) -> int:
    """Return the moment a key expires."""
    try:
        return nanoseconds(written)
    except ValueError as error:
        raise process.Refused(f"--expires: {error}") from error


def moment(time_ns: int) -> str:
    """Return a moment as the API takes it."""
    return datetime.fromtimestamp(time_ns / SECOND_NS, UTC).isoformat()


def told(key: str) -> str:
    """Return a new key with what to do with it."""
    return (
        f"{key}\n\nKeep it: it is not shown again. Senders give it as"
        f" OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer {key}'"
    )


def listing(keys: list[dict[str, Any]]) -> str:
    """Return keys as a table."""
    if not keys:
        return "No keys yet; `spanledger keys create` makes one."
    rows = [("id", "ends in", "project", "scopes", "state", "name")]
    rows += [
        (k["id"], k["hint"], k["project_id"], ",".join(k["scopes"]), state(k), k["name"])
        for k in keys
    ]
    return "\n".join(aligned(rows))


def state(key: dict[str, Any]) -> str:
    """Return whether a key is still good, in words."""
    if key["revoked"]:
        return "revoked"
    return f"until {key['expires_at'][:19]}Z" if key["expires_at"] else "good"
