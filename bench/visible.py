"""How long until a span that was sent is in the totals, while others are sent: `python bench/visible.py`.

A steady load goes on beside it. A probe is one call in a session of its own; what is measured is the
time from before its request until the query API counts that call.
"""

import argparse
import http.client
import json
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles

from figures import note
from payloads import request
from server import Server, machine, serving

LOAD_SPANS = 50  # of a request, ten a second
LOOK_S = 0.02
GIVE_UP_S = 60


def post(otlp: http.client.HTTPConnection, body: bytes) -> None:
    """Send a request until it is taken."""
    status = 0
    while status != 200:
        otlp.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
        answer = otlp.getresponse()
        answer.read()
        status = answer.status


def calls(api: http.client.HTTPConnection, session: str) -> int:
    """Return how many calls the totals of a session count, 0 where there is no such session."""
    api.request("GET", f"/api/v1/sessions/{session}")
    answer = api.getresponse()
    said = json.loads(answer.read())
    return said["totals"]["calls"] if answer.status == 200 else 0


def probed_s(server: Server, number: int) -> float:
    """Return the seconds until one call, the first of its session, was in the totals."""
    otlp = http.client.HTTPConnection(server.otlp, timeout=60)
    api = http.client.HTTPConnection(server.api, timeout=60)
    session = f"probe-{number}"
    body = request(1, 1500, 1_000_000 + number, session)
    begun = time.perf_counter()
    post(otlp, body)
    while not calls(api, session):
        if time.perf_counter() - begun > GIVE_UP_S:
            raise SystemExit(f"a span was not in the totals after {GIVE_UP_S} s")
        time.sleep(LOOK_S)
    took_s = time.perf_counter() - begun
    otlp.close()
    api.close()
    return took_s


def others(server: Server, stop: threading.Event) -> None:
    """Send ten requests a second until told to stop."""
    otlp = http.client.HTTPConnection(server.otlp, timeout=60)
    seed = 0
    while not stop.wait(0.1):
        seed += 1
        post(otlp, request(LOAD_SPANS, 1500, seed))
    otlp.close()


def delays_s(server: Server, probes: int) -> list[float]:
    """Return the delay of each probe beside the load."""
    stop = threading.Event()
    load = threading.Thread(target=others, args=(server, stop))
    load.start()
    try:
        return [probed_s(server, number) for number in range(probes)]
    finally:
        stop.set()
        load.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probes", type=int, default=100)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        probed_s(server, -1)  # the first insert, the first query
        found = delays_s(server, args.probes)
    p99 = quantiles(found, n=100)[98]
    print(f"{machine()}\np50 {median(found):.2f} s, p99 {p99:.2f} s, {len(found)} probes")
    note("visible", "from sent to in the totals", "s", found)
    note("visible", "from sent to in the totals, p99", "s", [p99])


if __name__ == "__main__":
    main()
