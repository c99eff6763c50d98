"""Keeps our processes running: starts them, waits until they answer, restarts what dies, stops all.

Each is a program of its own (`spanledger ingest …`) in a fresh interpreter, not a fork and not a
multiprocessing child: a fork after the engine started would hang, `ps` shows what is what, each
runs the same when started by hand, and one that is killed takes nothing of ours with it. Every
child's standard input is a pipe from here, so that all end when this process does, even by SIGKILL.
"""

import asyncio
import http.client
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from spanledger_collector.process import KILL_AFTER_S

log = logging.getLogger(__name__)

REFUSED = 2  # exit code of a process that cannot start as asked, and said why
FIRST_PAUSE_S = 0.5
MOST_PAUSE_S = 30.0
STEADY_S = 60.0  # a process that lived this long has earned a quick restart
PATIENCE_S = 15.0
PROBE_S = 0.1
PROBE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep: what it is called, how it is started, where it says that it is ready.

    Without such an address it listens nowhere, and is ready when it was started.
    """

    name: str
    command: tuple[str, ...]
    ready_url: str = ""


class Supervisor:
    """Runs programs until it is told to stop, or until one of them refuses to start."""

    def __init__(
        self, programs: Sequence[Program], environ: Mapping[str, str], stop_s: float
    ) -> None:
        self.programs = programs
        self.environ = {**os.environ, **environ}
        self.stop_s = stop_s
        self.stopping = asyncio.Event()
        self.hurrying = asyncio.Event()
        self.ready = False
        self.refused = False
        self.lifeline, self.held_end = os.pipe()  # close-on-exec: no child holds its own lifeline

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Run until stopped; call `on_ready` once, when every program answers. Return exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        try:
            async with asyncio.TaskGroup() as tasks:
                for program in self.programs:
                    tasks.create_task(self.keep(program))
                tasks.create_task(self.announce(on_ready))
        finally:
            os.close(self.held_end)
            os.close(self.lifeline)
        return REFUSED if self.refused else 0

    def stop(self) -> None:
        """Stop everything; asked a second time, kill it."""
        if self.stopping.is_set():
            self.hurrying.set()
        self.stopping.set()

    async def keep(self, program: Program) -> None:
        """Keep one program running until we stop."""
        pause_s = FIRST_PAUSE_S
        while not self.stopping.is_set():
            process = await self.start(program)
            started = time.monotonic()
            await first_of(process.wait(), self.stopping.wait())
            if process.returncode is None:
                await self.end(program, process)
            elif process.returncode == REFUSED and not self.ready:
                self.refused = True  # it has said why; starting it again would not help
                self.stopping.set()
            elif not self.stopping.is_set():
                pause_s = FIRST_PAUSE_S if time.monotonic() - started > STEADY_S else pause_s
                fate = fate_of(process.returncode)
                log.error("%s %s; starting it again in %.1f s", program.name, fate, pause_s)
                await first_of(self.stopping.wait(), timeout_s=pause_s)
                pause_s = min(pause_s * 2, MOST_PAUSE_S)

    async def start(self, program: Program) -> asyncio.subprocess.Process:
        """Start a program in a process group of its own: Ctrl-C is for us to pass on."""
        return await asyncio.create_subprocess_exec(
            *program.command, stdin=self.lifeline, env=self.environ, process_group=0
        )

    async def end(self, program: Program, process: asyncio.subprocess.Process) -> None:
        """Ask a process to finish; kill it and all it started when it takes too long."""
        with suppress(ProcessLookupError):
            process.terminate()
        patience_s = self.stop_s + KILL_AFTER_S
        await first_of(process.wait(), self.hurrying.wait(), timeout_s=patience_s)
        if process.returncode is None:
            late = f"did not stop within {patience_s:.0f} s"
            why = "is told to stop at once" if self.hurrying.is_set() else late
            log.error("%s %s; killing it", program.name, why)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def announce(self, on_ready: Callable[[], None]) -> None:
        """Call `on_ready` when every program answers."""
        await asyncio.gather(
            *(self.until_ready(url) for p in self.programs if (url := p.ready_url))
        )
        if not self.stopping.is_set():
            self.ready = True
            on_ready()

    async def until_ready(self, url: str) -> None:
        """Return when a program says at an address that it is ready, or when we stop."""
        patient_until = time.monotonic() + PATIENCE_S
        while not self.stopping.is_set():
            if await asyncio.to_thread(answers, url):
                return
            if time.monotonic() > patient_until:
                log.warning("still waiting for %s", url)
                patient_until = float("inf")
            await first_of(self.stopping.wait(), timeout_s=PROBE_S)


async def first_of(*waits: Coroutine[Any, Any, Any], timeout_s: float | None = None) -> None:
    """Wait for whichever comes first, or until the time is over; give the others up."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def answers(url: str) -> bool:
    """Tell whether a GET is answered with 200. Never through a proxy: it is our own machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="").geturl())
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def fate_of(code: int) -> str:
    """Return how a process ended, in words."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"
