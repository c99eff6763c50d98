"""How many bytes are stored for a byte of OTLP, of agent loops whose histories grow: `python bench/disk.py`.

Each call of a loop sends everything said before it once more, as agents do. The loops are taken in by
a server; when it has stopped, its database is opened and asked what its tables weigh on disk.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from random import Random

from backports import zstd
from figures import note
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from payloads import WORDS, attribute, model_call, tool_call
from sending import load
from server import machine, serving

from spanledger_collector.store import Client, connect

WORDS_A_TURN = 60
HELD = (
    "SELECT table, sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'spanledger'"
    " GROUP BY table ORDER BY sum(bytes_on_disk) DESC"
)
PART = "disk"


def loop(turns: int, seed: int) -> bytes:
    """Return one session: a call and a tool call in turn, each call with all turns before it."""
    random = Random(seed)
    body = ExportTraceServiceRequest()
    resource = body.resource_spans.add()
    attribute(resource.resource, "service.name", "agent")
    scope = resource.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.openai_v2"
    trace_id, root_id = random.randbytes(16), random.randbytes(8)
    started_ns = time.time_ns() - 600_000_000_000
    history: list[dict[str, object]] = []
    for turn in range(turns):
        said = " ".join(random.choices(WORDS, k=WORDS_A_TURN))
        history.append(message("user" if turn == 0 else "tool", said))
        for step in range(2):
            span = scope.spans.add(trace_id=trace_id, kind=Span.SPAN_KIND_CLIENT)
            span.span_id = root_id if turn == step == 0 else random.randbytes(8)
            span.parent_span_id = b"" if turn == step == 0 else root_id
            span.start_time_unix_nano = started_ns + (2 * turn + step) * 10**9
            span.end_time_unix_nano = span.start_time_unix_nano + 9 * 10**8
            attribute(span, "gen_ai.conversation.id", f"loop-{seed}")
            if step:
                tool_call(span, said, f"call_{seed}_{turn}")
            else:
                model_call(span, said, f"chatcmpl-{seed}-{turn}", random)
                replaced(span, "gen_ai.input.messages", json.dumps(history))
        history.append(message("assistant", said[:400]))
    return body.SerializeToString()


def message(role: str, said: str) -> dict[str, object]:
    """Return a message as the GenAI conventions write it."""
    return {"role": role, "parts": [{"type": "text", "content": said}]}


def replaced(span: Span, key: str, value: str) -> None:
    """Give an attribute of a span another value."""
    next(each for each in span.attributes if each.key == key).value.string_value = value


def tell(name: str, weighed: dict[str, int], raw: int) -> None:
    """Print and note what a raw byte became."""
    whole = sum(weighed.values())
    each = ", ".join(f"{table} {held / raw:.3f}" for table, held in weighed.items())
    print(f"{name}: {whole / raw:.3f} a raw byte ({each})", flush=True)
    note(PART, name, "bytes", [whole / raw], "zstd -3 of each request")


def weight(client: Client) -> dict[str, int]:
    """Return the bytes on disk of each table, of those that weigh more than nothing."""
    return {table: held for table, held in client.query(HELD).result_rows if held > 100_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", type=int, default=200)
    parser.add_argument("--turns", type=int, default=25)
    args = parser.parse_args()
    bodies = [loop(args.turns, seed) for seed in range(args.loops)]
    raw = sum(map(len, bodies))
    packed = sum(len(zstd.compress(body, 3)) for body in bodies)
    print(f"{machine()}\n{args.loops * args.turns * 2:,} spans, {raw / 1e6:.0f} MB of OTLP")
    note(PART, "zstd -3 of each request", "bytes", [packed / raw])
    with tempfile.TemporaryDirectory() as folder:
        with serving(Path(folder)) as server:
            load(server, bodies, args.turns * 2, 8)
        with connect(f"chdb://{folder}/store", database="spanledger") as client:
            tell("stored a raw byte", weight(client), raw)
            for table in ("spans", "payloads", "traces"):
                client.command(f"OPTIMIZE TABLE {table} FINAL")
            tell("stored a raw byte, everything merged", weight(client), raw)


if __name__ == "__main__":
    main()
