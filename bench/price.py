"""What pricing costs a call: `python bench/price.py`.

Prints CPU µs for a bill of a known card, by kind of call, of 200 calls at once as the drain prices
them and of one alone, beside a baseline of the same run: the three exact products that a bill of
three lines cannot do without. Also what it costs to meet a
model for the first time, and one that no price list names.
"""

import time
from collections.abc import Callable
from decimal import Decimal

from spanledger_collector.pricebook import Pricebook, ToPrice
from spanledger_schema.span import Usage

ROUNDS = 40
AT_NS = 1_793_786_400_000_000_000  # 4 November 2026
RATES = Decimal("0.0000025"), Decimal("0.00000125"), Decimal("0.00001")

PLAIN = Usage(input_tokens=5000, output_tokens=500, state="reported")
CACHED = Usage(
    input_tokens=5000,
    output_tokens=500,
    cache_read_tokens=4096,
    reasoning_tokens=9,
    state="reported",
)
WRITTEN = Usage(
    input_tokens=34_010,
    output_tokens=600,
    cache_read_tokens=30_000,
    cache_write_tokens=4000,
    cache_write_1h_tokens=1000,
    state="reported",
)


KINDS = {
    "two lines": ToPrice("openai", "gpt-4o", PLAIN, AT_NS),
    "three lines": ToPrice("openai", "gpt-4o", CACHED, AT_NS),
    "three lines, batch": ToPrice("openai", "gpt-4o", CACHED, AT_NS, {"processing": "batch"}),
    "five lines, cache writes": ToPrice("anthropic", "claude-sonnet-4-5", WRITTEN, AT_NS),
    "unpriced": ToPrice("vllm", "llama-3.3-70b", PLAIN, AT_NS),
}


def main() -> None:
    """Measure and print the table."""
    book = Pricebook()
    print(f"{us(products, 1000):9.2f} µs  baseline: three products")
    print(f"{'at once':>12}{'alone':>12}  µs of a bill")
    for name, call in {**KINDS, "all of these, mixed": None}.items():
        calls = list(KINDS.values()) * 40 if call is None else [call] * 200
        at_once = us(lambda calls=calls: book.bills(calls), 50) / len(calls)
        alone = us(lambda calls=calls: [book.bill(*each) for each in calls], 50) / len(calls)
        print(f"{at_once:9.2f} µs{alone:9.2f} µs  {name}")
    names = iter(range(10**9))
    print(f"{us(lambda: fresh('gpt-4o'), 20):9.0f} µs  a model met for the first time")
    print(
        f"{us(lambda: book.bill('openai', f'x{next(names)}', PLAIN, AT_NS), 200):9.0f} µs"
        "  a name nobody lists, for the first time"
    )


def products() -> list[Decimal]:
    """Return the three exact products that a bill of three lines cannot do without."""
    return [rate * 5000 for rate in RATES]


def fresh(model: str) -> None:
    """Price a call with a book that remembers nothing."""
    Pricebook().bill("openai", model, PLAIN, AT_NS)


def us(call: Callable[[], object], times: int) -> float:
    """Return the CPU µs of one call: the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            call()
        best = min(best, time.process_time() - started)
    return best / times * 1e6


if __name__ == "__main__":
    main()
