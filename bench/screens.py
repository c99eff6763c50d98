"""How long the questions of the screens take: tables, search and spend over many sessions.

Fills a new folder with sessions by one INSERT (no spans, but where `--spans` says so), then asks
the query API in this process and prints the median and the slowest of some answers; then the
same of a server over that folder, as a browser sees it.

    PYTHONPATH=. python bench/screens.py [--sessions 100000] [--steps 10000]
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from fastapi.testclient import TestClient
from figures import note
from paint import paints

from spanledger_collector.api import tables
from spanledger_collector.api.application import create_app
from spanledger_collector.store import Store, connect

TRACES = """
INSERT INTO spanledger.traces (
    project_id, trace_id, ver, is_deleted, session_key, session_id, user_id, name, agent, service,
    environment, tags, status, started_at, ended_at, spans, calls, tool_calls, errors, priced_calls,
    input_tokens, output_tokens, cost_usd, lines.quarter, lines.kind, lines.provider, lines.model,
    lines.agent, lines.calls, lines.llm_errors, lines.priced_calls, lines.unpriced_calls,
    lines.unpriced_tokens, lines.calls_without_usage, lines.estimated_calls, lines.input_tokens,
    lines.output_tokens, lines.cache_read_tokens, lines.cache_write_tokens, lines.reasoning_tokens,
    lines.cost_usd, lines.estimated_usd)
SELECT 'default', unhex(leftPad(hex(sipHash64(number)), 32, '0')), 10, 0,
    'session-' || toString(number) AS id, id, 'user-' || toString(number % 5000), 'refund_flow',
    'agent-' || toString(number % 20), 'shop', 'production', ['team-' || toString(number % 7)],
    if(number % 50 = 0, 'error', 'ok'),
    now64(9) - toIntervalSecond((30 * 86400 * number / {n}) :: UInt32) AS started_at,
    started_at + toIntervalSecond(number % 90), 28, 6, 4, number % 50 = 0, 6, 12000, 900,
    toDecimal128(0.0425, 12), [toStartOfFifteenMinutes(started_at)], ['llm'], ['openai'],
    ['gpt-5-mini'], [''], [6], [0], [6], [0], [0], [0], [0], [12000], [900], [0], [0], [0],
    [toDecimal128(0.0425, 12)], [toDecimal128(0, 12)]
FROM numbers({n})
"""

QUESTIONS = (
    "sessions",
    "sessions?order=cost",
    "sessions?q=agent:agent-3 status:error",
    "sessions?q=cost:>1",
    "sessions?since=2020-01-01&order=duration&limit=50",
    "pulse?grain=day",
    "pulse?grain=hour&q=agent:agent-3",
    "calls?order=cost",
    "sessions?q=lost",
    "traces?q=agent:agent-3",
    "values?field=user&prefix=user-12",
    "spend?group_by=day&group_by=model",
    "spend?group_by=user",
)


def times_ms(api: TestClient, path: str, rounds: int) -> Sequence[float]:
    """Return how long each of some answers to a question took."""
    found = []
    for _ in range(rounds):
        begun = perf_counter()
        answer = api.get(f"/api/v1/{path}")
        found.append((perf_counter() - begun) * 1000)
        assert answer.status_code == 200, answer.text
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"chdb://{folder}/db")
        with connect(store.dsn) as client:
            client.command(TRACES.replace("{n}", str(args.sessions)))
        app = create_app(store, lambda: {"ready": True}, dict)
        tables.mount(app)
        with TestClient(app) as api:
            print(f"{args.sessions:,} sessions")
            for path in QUESTIONS:
                took = times_ms(api, path, args.rounds)
                print(f"{statistics.median(took):8.0f} ms  {max(took):8.0f} ms worst  {path}")
                note("questions over 100,000 sessions", path, "ms", took)
        store.close()
        paints(Path(folder), store.dsn, args.steps)


if __name__ == "__main__":
    main()
