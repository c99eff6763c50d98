"""Batches on disk while the server is away: bounded in bytes, sent by whoever starts next.

Takes and gives the bodies of requests, as masked and encoded as they would have left; knows nothing
of sending. One file a batch, complete from the moment it has its name. A folder for each server and
key, so that nobody's spans go out under another's. Whoever sends holds a lock, which ends with its
process, however that ends; a batch that was sent and not removed yet is sent again, and the server
knows it.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spanledger import health

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
STALE_S = 3600.0  # what is half written since then nobody finishes


class Spool:
    """The batches of one server and key, those of other processes too."""

    def __init__(self, folder: str, endpoint: str, key: str | None, max_bytes: int) -> None:
        whose = hashlib.sha256(f"{endpoint}\0{key or ''}".encode()).hexdigest()[:16]
        self.folder = Path(folder).expanduser() / whose
        self._max_bytes = max_bytes
        self._lock: int | None = None
        self._made = 0
        self._wait_s = FIRST_WAIT_S
        self._next_s = 0.0

    def put(self, body: bytes, spans: int) -> bool:
        """Keep a batch; return False where there is no room, or the disk does not take it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._bytes() + len(body) > self._max_bytes:
                return False
            self._write(body, spans)
        except OSError as error:
            health.swallowed("spool", error)
            return False
        return True

    def _write(self, body: bytes, spans: int) -> None:
        """Write a batch and give it its name once it is whole."""
        self._made += 1
        name = f"{time.time_ns():020}-{os.getpid()}-{self._made}-{spans}"
        part, whole = self.folder / f"{name}.part", self.folder / f"{name}.otlp"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.rename(whole)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _bytes(self) -> int:
        """Return how many bytes lie here, half-written ones too."""
        with os.scandir(self.folder) as found:
            return sum(entry.stat().st_size for entry in found)

    def batches(self) -> list[Path]:
        """Return what waits here, oldest first."""
        return sorted(self.folder.glob("*.otlp"))

    def spans(self) -> int:
        """Return how many spans wait here."""
        return sum(self.spans_of(batch) for batch in self.batches())

    @staticmethod
    def spans_of(batch: Path) -> int:
        """Return how many spans a batch holds, by its name."""
        return int(batch.stem.rpartition("-")[2])

    @property
    def away(self) -> bool:
        """Tell whether the server did not answer a moment ago."""
        return time.monotonic() < self._next_s

    def failed(self, wait_s: float | None) -> None:
        """Take note that the server did not answer; it is asked again after a growing while."""
        self._next_s = time.monotonic() + (wait_s or self._wait_s)
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)

    def answered(self) -> None:
        """Take note that the server is there."""
        self._wait_s, self._next_s = FIRST_WAIT_S, 0.0

    @contextmanager
    def held(self) -> Iterator[list[Path]]:
        """Hold the batches, oldest first, against other processes; none while another holds them."""
        if not self.folder.is_dir():
            yield []
            return
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._sweep()
            yield self.batches()
        except BlockingIOError:
            yield []
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)  # also where a child that was forked has it open
            self.forked()

    def _sweep(self) -> None:
        """Remove what was being written when its process was killed."""
        for part in self.folder.glob("*.part"):
            with suppress(OSError):
                if time.time() - part.stat().st_mtime > STALE_S:
                    part.unlink()

    def forked(self) -> None:
        """Let go of the lock without unlocking: in a child it is the parent's."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
