"""A process that writes a spool and may be killed: light, because one is started for each death."""

from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from spanledger_collector.spool import Batch, Spool, SpoolRefused, upkeep, writer

ROOM_BYTES = 400_000


def keep(path: Path, pipe: "Connection[Any, Any]") -> None:
    """Be the process that writes the spool: bodies come in, '' or a refusal goes out for each."""
    upkeep.LOOK_S = 0.0
    writer.IDLE_S = 0.01
    upkeep.CHECKPOINT_FRAMES = upkeep.SPARE_PAGES = 8
    spool = Spool(path, max_bytes=ROOM_BYTES, keep_s=0)
    pipe.send("")
    for bodies in iter(pipe.recv, None):
        for answer in [spool.append(batch(body)) for body in bodies]:
            error = answer.exception()
            pipe.send(error.code if isinstance(error, SpoolRefused) else "")
    spool.close()
    pipe.send("")


def batch(body: bytes) -> Batch:
    return Batch(0, 1, "default", "", "traces", "protobuf", items=1, body=body)
