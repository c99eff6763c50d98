"""Start everything: ingest, store, the screens and what delivers alerts; Ctrl-C stops them.

Prints the addresses when all of them answer. Exit code 2 means that it could not start as asked.
"""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib.util import find_spec

from spanledger_collector import process
from spanledger_collector.forward.targets import targets
from spanledger_collector.settings import Settings
from spanledger_collector.supervise import Program, Supervisor

PORTS = ("http_port", "grpc_port", "api_port")


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Serve until stopped."""
    require("chdb")
    settings = process.begin(args, *PORTS)
    if settings.screens == "on":
        require("streamlit")
        process.require_port(settings, "ui_port")
    with process.holding(settings.data / "serve.lock", f"data folder {settings.data}"):
        return asyncio.run(supervise(settings))


def require(library: str) -> None:
    """Raise ModuleNotFoundError where the extra that brings a library is not installed."""
    if find_spec(library) is None:
        raise ModuleNotFoundError(name=library)


async def supervise(settings: Settings) -> int:
    """Keep the processes running and return the exit code."""
    supervisor = Supervisor(programs(settings), settings.environ(), settings.stop_s)
    return await supervisor.run(lambda: print(addresses(settings), flush=True))


def programs(settings: Settings) -> list[Program]:
    """Return the processes of a server on one machine."""
    found = [
        *ingest_workers(settings),
        program("store", settings.url(settings.api_port) + "/readyz"),
    ]
    if settings.screens == "on":
        found.append(program("ui", settings.url(settings.ui_port) + "/_stcore/health"))
    if targets(settings):
        found.append(program("forward"))
    if settings.channels:
        found.append(program("watch"))
    return found


def ingest_workers(settings: Settings) -> Iterator[Program]:
    """Yield the processes that take spans in, side by side on the same ports."""
    ready_url = settings.url(settings.http_port) + "/readyz"
    if settings.ingest_workers == 1:
        yield program("ingest", ready_url)
        return
    for worker in range(1, settings.ingest_workers + 1):
        yield program("ingest", f"{ready_url}?worker={worker}", f"--worker={worker}")


def program(name: str, ready_url: str = "", *flags: str) -> Program:
    """Return the process that runs one of our commands; it finds its settings in the environment."""
    command = (sys.executable, "-m", "spanledger_collector", name, "--until-stdin-closes", *flags)
    return Program(" ".join((name, *flags)), command, ready_url)


def addresses(settings: Settings) -> str:
    """Return what to print when everything answers."""
    screens = [f"  screens    {settings.url(settings.ui_port)}"] if settings.screens == "on" else []
    return "\n".join(
        [
            "Spanledger is ready.",
            "",
            *screens,
            f"  query API  {settings.url(settings.api_port)}/docs",
            f"  data       {settings.data}, stored in {settings.store_shown},"
            f" acknowledged after {settings.durability}",
            "",
            f"  Send traces: OTEL_EXPORTER_OTLP_ENDPOINT={settings.url(settings.http_port)}",
            "  Stop: Ctrl-C",
        ]
    )
