"""Faults of the machine, made on purpose."""

import os
from pathlib import Path


def make_fsync_fail(spool: Path) -> None:
    """Put a device under the log of a spool that takes every write and has no fsync.

    For spools that this process holds open.
    """
    device = os.open("/dev/null", os.O_RDWR)
    for link in Path("/proc/self/fd").iterdir():
        if os.path.realpath(link) == f"{spool}-wal":
            os.dup2(device, int(link.name))
    os.close(device)


def damage(file: Path) -> None:
    """Overwrite the second half of a file with nothing."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size // 2)
        opened.write(bytes(size - size // 2))
