"""What it costs an ingest process to refuse a body that is made to explode.

    python bench/bombs.py [--mib 20] [bomb …]

Each bomb is sent, packed, to a fresh `spanledger ingest`, over HTTP and, if it is protobuf, over
gRPC. Printed is what the process took for it with all its threads, from before the request to the
answer. The bars: 300 ms of CPU and 256 MiB of memory, whatever is sent.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from figures import note  # noqa: E402
from tests.bombs import BOMBS  # noqa: E402
from tests.otlp import span, traces  # noqa: E402
from tests.ports import free_port  # noqa: E402

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
MEDIA_TYPES = {"json": "application/json", "protobuf": "application/x-protobuf"}


class Ingest:
    """A running ingest process and what it has used."""

    def __init__(self, process: subprocess.Popen[bytes], http_port: int, grpc_port: int) -> None:
        self._proc = Path(f"/proc/{process.pid}")
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=60)
        self._grpc = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")

    def over_http(self, body: bytes, encoding: str) -> str:
        """Send a body; return the status and the code of the answer."""
        answer = self._http.post(
            "/v1/traces",
            content=gzip.compress(body, 1),
            headers={"content-type": MEDIA_TYPES[encoding], "content-encoding": "gzip"},
        )
        said = answer.content.partition(b":")[0].split(b'"')[-1]
        return f"{answer.status_code} {''.join(filter(str.isprintable, said.decode()))}"

    def over_grpc(self, body: bytes, _: str) -> str:
        """Send a body; return the status and the code of the answer."""
        export = self._grpc.unary_unary(METHOD)
        try:
            export(body, compression=grpc.Compression.Gzip, timeout=60)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details().partition(':')[0]}"
        return "OK"

    def cpu_ms(self) -> float:
        """Return the milliseconds that all threads have run."""
        threads = self._proc.glob("task/*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e6

    def mib(self, name: str) -> int:
        """Return a figure of the process's memory."""
        status = (self._proc / "status").read_text()
        return int(status.partition(f"{name}:")[2].split()[0]) >> 10

    def wait(self) -> None:
        """Return when it listens, warm on both transports."""
        while True:
            try:
                self._http.get("/readyz").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.05)
        for send in (self.over_http, self.over_grpc):
            send(traces(span()), "protobuf")
        self._http.get("/readyz")


@contextmanager
def ingest(folder: str) -> Iterator[Ingest]:
    """Run an ingest process."""
    ports = [free_port(), free_port()]
    command = [sys.executable, "-m", "spanledger_collector", "ingest", "--data", folder]
    command += ["--http-port", str(ports[0]), "--grpc-port", str(ports[1])]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            found = Ingest(process, *ports)
            found.wait()
            yield found
        finally:
            process.terminate()


def measured(body: bytes, encoding: str, transport: str) -> tuple[str, float, int]:
    """Return what came of a bomb: the answer, milliseconds of CPU and MiB of memory."""
    with tempfile.TemporaryDirectory() as folder, ingest(folder) as server:
        send = server.over_http if transport == "HTTP" else server.over_grpc
        before_mib, before_ms = server.mib("VmRSS"), server.cpu_ms()
        answer = send(body, encoding)
        cpu_ms = server.cpu_ms() - before_ms
        return answer, cpu_ms, server.mib("VmHWM") - before_mib


def main() -> None:
    """Print a line for each bomb and transport."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bombs", nargs="*", metavar="bomb", help=f"of {', '.join(BOMBS)}; all")
    # Just below the limit on bodies, which is 64 MiB unless it is set.
    parser.add_argument("--mib", type=int, default=63, help="MiB of a body, unpacked (63)")
    asked = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f}\n")
    print("| bomb | unpacked | over | refused | CPU | memory |\n|---|---|---|---|---|---|")
    for name in asked.bombs or BOMBS:
        make, encoding = BOMBS[name]
        body = make(asked.mib << 20)
        for transport in ("HTTP", "gRPC") if encoding == "protobuf" else ("HTTP",):
            answer, cpu_ms, mib = measured(body, encoding, transport)
            note("bombs", f"{name}, {transport}, CPU", "ms", [cpu_ms])
            note("bombs", f"{name}, {transport}, memory", "MiB", [mib])
            found = f"{answer} | {cpu_ms:.0f} ms | {mib} MiB"
            print(f"| {name} | {len(body) / 1e6:.1f} MB | {transport} | {found} |", flush=True)


if __name__ == "__main__":
    main()
