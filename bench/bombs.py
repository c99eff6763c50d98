"""What it costs to refuse a body that is made to explode: `python bench/bombs.py`.

Each bomb goes the way of a request, from its compressed bytes to the refusal, in a process of its
own. The bars: 300 ms of CPU and 256 MiB of memory, whatever is sent.
"""

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


from spanledger_collector import decode  # noqa: E402
from spanledger_collector.decode import Encoding  # noqa: E402
from spanledger_collector.receive.inflate import inflated  # noqa: E402

MAX_BODY_BYTES = 64 << 20


def refused(packed: bytes, encoding: Encoding) -> str:
    """Return why a body is refused, '' when it is not."""
    try:
        census = decode.census(encoding)
        body = inflated(packed, MAX_BODY_BYTES, census)
        decode.check(body, encoding, "traces", counted=census is not None)
    except decode.Malformed as error:
        return error.code
    return ""


def measure(encoding: Encoding) -> None:
    """Refuse what comes on standard input and print the code, milliseconds of CPU and MiB."""
    packed = sys.stdin.buffer.read()
    refused(gzip.compress(b"{}"), "json"), refused(gzip.compress(b""), "protobuf")  # warm
    before_kib, began_s = kib("VmRSS"), time.process_time()
    code = refused(packed, encoding)
    cpu_ms = (time.process_time() - began_s) * 1000
    print(f"{code} | {cpu_ms:.0f} ms | {(kib('VmHWM') - before_kib) >> 10} MiB")


def kib(name: str) -> int:
    """Return a figure of this program's memory; `ru_maxrss` would tell its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0])


def main() -> None:
    """Print a line for each bomb, measured in a process of its own."""
    from tests.bombs import BOMBS  # built here, so that who measures does not hold them

    print(
        f"load average {os.getloadavg()[0]:.1f}\n\n| bomb | sent | unpacked | refused | CPU | memory |"
    )
    print("|---|---|---|---|---|---|")
    for name, (body, encoding) in BOMBS.items():
        packed = gzip.compress(body, 1)
        done = subprocess.run(
            [sys.executable, __file__, encoding], input=packed, capture_output=True, check=True
        )
        sizes = f"{len(packed) / 1e3:,.0f} kB | {len(body) / 1e6:.1f} MB"
        print(f"| {name} | {sizes} | {done.stdout.decode().strip()} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        measure("json" if sys.argv[1] == "json" else "protobuf")
    else:
        main()
