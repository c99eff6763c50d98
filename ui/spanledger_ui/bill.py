"""The bill of one call as an account: one line a meter, the sum under it.

A `SpanDetail` comes in, lines for a monospaced block go out. Adds nothing up itself: the sum is
the API's, so that the screen and the ledger cannot disagree.
"""

from decimal import Decimal

from spanledger_schema.api import BillLine, SpanDetail
from spanledger_ui import text

MTOK = 1_000_000


def account(span: SpanDetail) -> str:
    """Return the arithmetic of a call's dollars, columns aligned, or "" when there is none."""
    if not span.lines:
        return ""
    places = max(
        decimals(usd) for usd in [*(line.usd for line in span.lines), span.cost_usd or "0"]
    )
    rows = [cells(line, places) for line in span.lines]
    total = ("", "", "USD", fixed(span.cost_usd, places))
    widths = [max(len(row[i]) for row in [*rows, total]) for i in range(4)]
    table = [aligned(row, widths) for row in [*rows, total]]
    return "\n".join([*table[:-1], "─" * len(table[-1]), table[-1]])


def cells(line: BillLine, places: int) -> tuple[str, str, str, str]:
    """Return meter, quantity, rate and dollars of one line."""
    return (
        line.meter.replace("_", " "),
        text.count(line.quantity),
        f"× {rate(line)}",
        fixed(line.usd, places),
    )


def rate(line: BillLine) -> str:
    """Return the price of a meter: per million tokens, or each for what is not a token."""
    price = Decimal(line.usd_per_unit)
    each = line.meter.endswith("_search")
    return f"{plain(price)} each" if each else f"{plain(price * MTOK)}/M"


def plain(value: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros, two places at least."""
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def decimals(amount: str) -> int:
    """Return how many places an amount needs, two at least."""
    return len(plain(Decimal(amount)).partition(".")[2])


def fixed(amount: str | None, places: int) -> str:
    """Return an amount with so many places, which lose nothing of it."""
    return text.UNPRICED if amount is None else f"{Decimal(amount):,.{places}f}"


def aligned(row: tuple[str, ...], widths: list[int]) -> str:
    """Return one row with its text left and its numbers right."""
    meter, *numbers = row
    right = (number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True))
    return " ".join([meter.ljust(widths[0]), *right])


def basis(span: SpanDetail) -> list[str]:
    """Return where the dollars of a span come from, one sentence a line."""
    notes = [source(span)] if span.cost_source else []
    if not span.billed and span.not_billed_because:
        notes.append(f"Not billed here: {span.not_billed_because}.")
    if span.price_status == "partial":
        notes.append(f"In part only: {span.price_reason or 'a meter has no rate'}.")
    if span.model_priced and span.price_id:
        notes.append(f"Rate card {span.price_id}, model {span.model_priced}.")
    if span.reported_usd is not None:
        notes.append(f"The sender reported {text.exact_usd(span.reported_usd)}.")
    return notes


def source(span: SpanDetail) -> str:
    """Return the sentence that a cost source stands for."""
    match span.cost_source:
        case "priced":
            return "Priced from the reported tokens."
        case "reported":
            return "The dollars are the sender's own."
        case "estimated":
            method = f" by {span.estimate_method}" if span.estimate_method else ""
            return f"Estimated: the tokens were counted here{method}, not reported{error(span)}."
        case "free":
            return "Free of charge."
        case _:
            return f"Unpriced: {span.price_reason or span.price_status or 'no rate is known'}."


def error(span: SpanDetail) -> str:
    """Return how far off an estimate may be, as the end of a sentence."""
    return f"; expect ±{span.estimate_error_pct} %" if span.estimate_error_pct is not None else ""


def usage(span: SpanDetail) -> list[tuple[str, str]]:
    """Return the token counts of a call, "–" where none was reported."""
    meters = (
        ("input", span.input_tokens),
        ("of it from cache", span.cache_read_tokens),
        ("of it to cache", span.cache_write_tokens),
        ("output", span.output_tokens),
        ("of it reasoning", span.reasoning_tokens),
    )
    required = {"input", "output"}
    return [(name, text.count(n)) for name, n in meters if n is not None or name in required]
