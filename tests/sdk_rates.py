"""Makes the SDK's table of list prices out of the server's price book: `python -m tests.sdk_rates`.

The makers' own models at the rates of a day, in dollars per million tokens, at the first tier;
what is not sold by the token is left out.
"""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from spanledger_collector.pricebook import Pricebook
from spanledger_collector.prices import catalogue
from spanledger_collector.prices.cards import RateCard

FILE = Path(__file__).parent.parent / "sdk/spanledger/rates.json"
MAKERS = ("openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere")
METERS = ("input", "output", "cache_read", "cache_write")
MTOK = 1_000_000
FORMAT = "%Y-%m-%d"


def main() -> None:
    day = time.strftime(FORMAT, time.gmtime())
    lines = ",\n".join(
        f"  {json.dumps(model)}: {{{row(rates)}}}" for model, rates in sorted(table(day).items())
    )
    told = json.dumps(catalogue.VERSION)
    FILE.write_text(
        f'{{"made_from": {told},\n "as_of": "{day}",\n "usd_per_mtok": {{\n{lines}\n }}\n}}\n'
    )


def row(rates: dict[str, Decimal]) -> str:
    return ", ".join(f'"{meter}": {rates[meter]:f}' for meter in METERS if meter in rates)


def table(day: str) -> dict[str, dict[str, Decimal]]:
    """Return the rates of a day by model."""
    at_ns = int(time.mktime(time.strptime(day, FORMAT))) * 1_000_000_000
    return dict(sold(Pricebook(), at_ns))


def sold(book: Pricebook, at_ns: int) -> Iterator[tuple[str, dict[str, Decimal]]]:
    """Yield the rates of every model that is sold by the token."""
    for maker in reversed(MAKERS):  # of two that sell the same name the first one has the last word
        for name in catalogue.names(maker):
            card = book.card(maker, name, at_ns)
            if not isinstance(card, RateCard) or card.status == "partial":
                continue
            rates = card.tiers[-1].rates
            if {"input", "output"} <= rates.keys() and not card.tiers[-1].per_request:
                kept = {m: rates[m].usd * MTOK for m in METERS if m in rates}
                yield name.lower(), {m: usd.normalize() for m, usd in kept.items()}


if __name__ == "__main__":
    main()
