"""The files of a spool: where they are, how they are opened, what is asserted before use.

A path comes in, a SQLite connection goes out whose every safety setting was read back.
"""

import fcntl
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import apsw

Durability = Literal["fsync", "os"]

PAGE_BYTES = 16_384  # bodies are long: fewer, larger pages take a third less CPU than 4 KiB ones
WAL_LIMIT_BYTES = 64 << 20
LOCK_WAIT_S = 3.0  # a killed predecessor may need this long to let go of its files
CHECK_S = 5.0  # how long a start may spend on looking for damage
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "fuse.s3fs", "glusterfs", "ceph"}

SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice, also when all rows are gone
    received_ns INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signal TEXT NOT NULL,
    encoding TEXT NOT NULL,
    items INTEGER NOT NULL,
    crc32 INTEGER NOT NULL,                 -- of the body as it is kept
    body BLOB NOT NULL                      -- what the client sent, decompressed, then packed
) STRICT;
CREATE TABLE IF NOT EXISTS tally (
    signal TEXT NOT NULL,
    name TEXT NOT NULL,                     -- items, batches, bytes, or the code of a rejection
    value INTEGER NOT NULL,
    PRIMARY KEY (signal, name)
) STRICT, WITHOUT ROWID;
"""


class SpoolUnusable(RuntimeError):
    """The spool cannot be opened safely; the message says why and what to do."""


class SpoolUnreadable(RuntimeError):
    """What a spool holds next cannot be read: the file is damaged, or the disk is."""


def spools(folder: Path) -> list[Path]:
    """Return the spools of a data folder in order, and where the first will be when there is none."""
    return sorted(folder.glob("*.spool"), key=numbers) or [of_worker(folder, 1)]


def of_worker(folder: Path, worker: int) -> Path:
    """Return the spool that an ingest worker writes, its latest; workers are numbered from 1."""
    begun = folder.glob(f"{worker:04}*.spool")
    return max(begun, key=numbers, default=folder / f"{worker:04}.spool")


def successor(spool: Path) -> Path:
    """Return where a worker goes on after the disk refused this spool: `0001-2.spool`, and so on."""
    worker, number = [*numbers(spool), 1][:2]
    return spool.with_name(f"{worker:04}-{number + 1}.spool")


def numbers(path: Path) -> list[int]:
    """Return the numbers in the name of a spool, by which spools are ordered."""
    return [int(number) for number in re.findall(r"\d+", path.stem)]


def cursor_path(spool: Path) -> Path:
    """Return where the store notes how far it has read a spool."""
    return spool.with_suffix(".store.cursor")


def lock(path: Path, wait_s: float = LOCK_WAIT_S) -> int:
    """Take an exclusive lock that ends with this process; return its descriptor.

    Raises:
        SpoolUnusable: another process holds it and keeps holding it for a while.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + wait_s
    while not _locked(descriptor):
        if time.monotonic() >= end:
            os.close(descriptor)
            raise SpoolUnusable(f"{path} is held by another process; stop it or give other --data")
        time.sleep(0.02)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Let another process have a lock."""
    os.close(descriptor)


def open_to_write(path: Path, durability: Durability, schema: str = SCHEMA) -> apsw.Connection:
    """Return the one connection that writes a file, made durable and checked.

    Raises:
        SpoolUnusable: the file system or SQLite does not do as it is told, or the file is damaged.
    """
    refuse_network(path.parent)
    with _named(path):
        connection = apsw.Connection(str(path))
        _configure(connection, durability)
        # If the last process was stopped by a failed fsync, parts of the log may be in memory only:
        # written into the file they are flushed anew, and the log starts again from nothing.
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        refuse_damage(connection, path)
        connection.execute(schema)
    sync_folder(path.parent)
    return connection


def open_to_read(path: Path) -> apsw.Connection | None:
    """Return a read-only connection to a file that another process writes, None before it exists."""
    if not path.exists():
        return None
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(5000)
    return connection


def sync_folder(folder: Path) -> None:
    """Make the names of new files in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise SpoolUnusable(f"{path}: {error}; move the file away to start afresh") from error


def _configure(connection: apsw.Connection, durability: Durability) -> None:
    """Set what makes a commit durable, and read every setting back: SQLite ignores silently."""
    connection.set_busy_timeout(5000)
    connection.wal_autocheckpoint(0)  # we do it, after the acknowledgement and not before
    settings: dict[str, str | int] = {
        "page_size": PAGE_BYTES,  # before auto_vacuum and WAL, which write the first page
        "auto_vacuum": 2,
        "journal_mode": "wal",
        "synchronous": 2 if durability == "fsync" else 1,
        "journal_size_limit": WAL_LIMIT_BYTES,
        "cell_size_check": 1,
        "trusted_schema": 0,
        "mmap_size": 0,
    }
    if sys.platform == "darwin":
        settings["fullfsync"] = 1
    for name, wanted in settings.items():
        connection.execute(f"PRAGMA {name} = {wanted}").fetchall()
        got = connection.pragma(name)
        if got != wanted:
            raise SpoolUnusable(f"SQLite refused PRAGMA {name} = {wanted}: it says {got!r}")


def refuse_damage(connection: apsw.Connection, path: Path, seconds: float = CHECK_S) -> None:
    """Raise SpoolUnusable when SQLite finds damage in the file; give up looking after a while."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        found = connection.pragma("quick_check")
    except apsw.InterruptError:
        return
    finally:
        connection.set_progress_handler(None)
    if found != "ok":
        raise SpoolUnusable(f"{path} is damaged: {found}; move it away, it can be replayed")


def refuse_network(folder: Path) -> None:
    """Raise SpoolUnusable on a network file system, whose locks and fsync cannot be relied on."""
    kind = file_system(folder)
    if kind in NETWORK:
        raise SpoolUnusable(f"{folder} is on {kind}; --data must name a folder on a local disk")


def file_system(folder: Path) -> str:
    """Return the type of the file system a folder is on, '' where the system does not say."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = [line.split()[1:3] for line in mounts.splitlines()]
    inside = [(point, kind) for point, kind in found if folder.resolve().is_relative_to(point)]
    return max(inside, key=lambda mount: len(mount[0]), default=("", ""))[1]
