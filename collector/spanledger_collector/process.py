"""What each of our processes does before its work: settings, log, ports and folders.

Takes a parsed command line and gives settings that can be served with, or raises `Refused` with
one sentence for the person who started us. Standard library only; knows no stage of the pipeline.
"""

import errno
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spanledger_collector import failpoints, settings
from spanledger_collector.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
FOLDER_WAIT_S = 3.0  # a killed predecessor may need this long to let go of its files
KILL_AFTER_S = 2.0  # what a process may take beyond `stop_s` before it is killed


class Refused(Exception):
    """We cannot start as asked; the message says why and what to do."""


@contextmanager
def importing() -> Iterator[None]:
    """Look for no garbage while modules are imported, nor among them later on.

    There is next to none: looking was a seventh of the CPU of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def flags(parser: ArgumentParser) -> None:
    """Give `parser` the flags that all processes take."""
    settings.add_flags(parser)
    parser.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="stop when standard input ends, as it does when whoever started us is gone",
    )


def begin(args: Namespace, *ports: str, shared: bool = False) -> Settings:
    """Return the settings of a process that can start: its ports are free, its folder writable.

    Args:
        args: the parsed command line.
        ports: names of the settings that hold the ports it will listen on.
        shared: ingest workers listen on them side by side, where there are several.
    """
    chosen = settings.from_args(args)
    failpoints.arm(settings.failpoints_file())
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # the supervisor says what is up
    if args.until_stdin_closes:
        follow_parent(chosen.stop_s)
    prepare_folder(chosen.data)
    for name in ports:
        require_port(chosen, name, shared=shared and chosen.ingest_workers > 1)
    return chosen


def prepare_folder(folder: Path) -> None:
    """Make the data folder, for our eyes only: it will hold prompts."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"data folder {folder}: {error.strerror}; give another with --data"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(f"data folder {folder} is not writable; give another with --data")


def require_port(chosen: Settings, name: str, shared: bool = False) -> None:
    """Raise Refused when a port is in use or not ours to listen on."""
    bound(chosen, name, shared).close()


def bound(chosen: Settings, name: str, shared: bool = False) -> socket.socket:
    """Return a socket that is bound to a port, and does not listen yet.

    Args:
        chosen: the settings.
        name: of the setting that holds the port.
        shared: let other processes of ours bind it too; the system deals connections out.

    Raises:
        Refused: the port is in use or not ours to listen on.
    """
    number = getattr(chosen, name)
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((chosen.host, number))
    except OSError as error:
        made.close()
        raise Refused(bind_refused(chosen.host, number, name, error)) from error
    return made


def bind_refused(host: str, number: int, name: str, error: OSError) -> str:
    """Return the sentence for a port that cannot be listened on."""
    other = f"give another with {settings.flag(name)}"
    if error.errno == errno.EADDRINUSE:
        return f"port {number} on {host} is in use; stop what uses it or {other}"
    if error.errno == errno.EACCES:
        return f"port {number} is not ours to listen on; {other}"
    return f"cannot listen on {host}: {error.strerror or error}; give another with --host"


@contextmanager
def holding(file: Path, what: str) -> Iterator[None]:
    """Hold a folder for this process alone, by a lock file in it that its death releases.

    Raises:
        Refused: another process holds it and keeps holding it for a while.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up = time.monotonic() + FOLDER_WAIT_S
        while not locked(descriptor):
            if time.monotonic() > give_up:
                holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
                raise Refused(
                    f"{what} is in use by process {holder}; stop that one or give another --data"
                )
            time.sleep(0.05)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def held(file: Path) -> bool:
    """Tell whether a process holds the folder of this lock file now."""
    if not file.exists():
        return False
    descriptor = os.open(file, os.O_RDWR)
    try:
        return not locked(descriptor)
    finally:
        os.close(descriptor)


def locked(descriptor: int) -> bool:
    """Try to lock a file; tell whether that worked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def follow_parent(stop_s: float) -> None:
    """Stop this process when standard input ends: kindly at first, then for good.

    The other end of the pipe is our parent's. Nothing it does can keep the pipe open beyond its
    death, so we end even when it was killed; and it works on every system that has pipes.
    """
    threading.Thread(target=end_with, args=(0, stop_s), name="parent", daemon=True).start()


def end_with(descriptor: int, stop_s: float) -> None:
    """Wait for the end of a pipe, then end this process."""
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(stop_s + KILL_AFTER_S)
    os.kill(os.getpid(), signal.SIGKILL)
