"""Check that the books balance; asks the running server. Exit code 1 on any difference.

Adds up lines, traces, sessions and days of three time zones, counts every trace again from its
spans, and follows each received span to where it is now. Prints each identity with its figures.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

from spanledger_collector import asking

DIFFERS = 1


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    asking.flags(parser)


def run(args: Namespace) -> int:
    """Print every identity and return whether all of them hold."""
    found = asking.Server(args).get("verify")
    for identity in found["identities"]:
        print(readable(identity))
    said = "All identities hold" if found["holds"] else "The books do not balance"
    print(f"{said}: {found['traces']} traces, {found['spans']} spans counted again.")
    return 0 if found["holds"] else DIFFERS


def readable(identity: dict[str, Any]) -> str:
    """Return one identity with its figures, and what is wrong with it."""
    mark = "ok     " if identity["holds"] else "DIFFERS"
    figures = ", ".join(f"{name} {value}" for name, value in identity["figures"].items())
    lines = [f"{mark} {identity['name']}", f"        {figures}"]
    return "\n".join([*lines, *(f"        ! {said}" for said in identity["differences"])])
