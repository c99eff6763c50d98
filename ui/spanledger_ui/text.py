"""Numbers, times and hostile strings to what a person reads.

Values of the query API come in, short plain strings go out. Knows no Streamlit and no clock; what
is unknown comes out as "–" or "unpriced", never as 0.
"""

from datetime import datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from spanledger_schema.api import Totals
from spanledger_schema.api_tables import Beat

UNKNOWN = "–"
UNPRICED = "unpriced"

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS

MTOK = 1_000_000
SCALES = ((10**9, 10**9, "B"), (10**6, 10**6, "M"), (10**4, 10**3, "k"))
SHOWN_CHARS = 64 * 1024


def usd(amount: str | None, places: int = 4) -> str:
    """Return dollars with `places` decimals, "unpriced" for None.

    What is not nothing never reads as nothing: a smaller amount comes out as "<0.0001".
    """
    if amount is None:
        return UNPRICED
    value = Decimal(amount)
    unit = Decimal(1).scaleb(-places)
    if value and abs(value) <= unit / 2:
        return f"<{unit:f}"
    return f"{value.quantize(unit, ROUND_HALF_EVEN):,f}"


def per_mtok(usd: str) -> str:
    """Return dollars a token as dollars a million: every digit, and cents at least."""
    value = (Decimal(usd) * MTOK).normalize()
    return f"{value:,.{max(2, -int(value.as_tuple().exponent))}f}"


def exact_usd(amount: str | None) -> str:
    """Return dollars with every digit the API sent, for a tooltip."""
    if amount is None:
        return UNPRICED
    digits = f"{Decimal(amount):,f}"
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits} USD"


def total_usd(totals: Totals) -> str:
    """Return the dollars of a total for a narrow cell.

    "unpriced" where calls used tokens that have no price, "–" where none said what it used.
    """
    if totals.cost_usd is None and not totals.unpriced_calls:
        return UNKNOWN
    return usd(totals.cost_usd)


def reported(tokens: int, totals: Totals) -> int | None:
    """Return a token total, None where there were calls and not one of them reported any."""
    silent = totals.calls and not (totals.input_tokens or totals.output_tokens)
    return None if silent else tokens


def spent(totals: Totals, places: int = 4) -> str:
    """Return a dollar total and what it leaves out: "12.3400 USD + 3 unpriced"."""
    if totals.cost_usd is None:
        return f"{count(totals.unpriced_calls)} unpriced" if totals.unpriced_calls else UNKNOWN
    total = f"{usd(totals.cost_usd, places)} USD"
    if totals.unpriced_calls:
        return f"{total} + {count(totals.unpriced_calls)} unpriced"
    return total


def beat_usd(beat: Beat) -> str:
    """Return the dollars of a bucket of time and what they leave out."""
    if beat.cost_usd is None:
        return f"{count(beat.unpriced_calls)} unpriced"
    total = f"{usd(beat.cost_usd)} USD"
    return f"{total} + {count(beat.unpriced_calls)} unpriced" if beat.unpriced_calls else total


def left_out(totals: Totals) -> list[str]:
    """Return what a reader must know before trusting a dollar total; empty when it is whole."""
    notes = []
    if totals.unpriced_calls:
        tokens = f" ({compact(totals.unpriced_tokens)} tokens)" if totals.unpriced_tokens else ""
        notes.append(f"{calls(totals.unpriced_calls)} unpriced{tokens}")
    return [*notes, *caveats(totals)]


def caveats(totals: Totals) -> list[str]:
    """Return what makes a dollar total uncertain besides the calls it has no price for."""
    notes = []
    if totals.calls_without_usage:
        notes.append(f"{calls(totals.calls_without_usage)} reported no tokens")
    if totals.estimated_calls:
        notes.append(f"{estimated_share(totals)} estimated")
    return notes


def estimated_share(totals: Totals) -> str:
    """Return the part of the dollars that rests on estimated tokens, in per cent."""
    if totals.cost_usd is None or not Decimal(totals.cost_usd):
        return calls(totals.estimated_calls)
    share = Decimal(totals.estimated_usd) / Decimal(totals.cost_usd) * 100
    return "<1 %" if 0 < share < 1 else f"{share.quantize(Decimal(1), ROUND_HALF_EVEN)} %"


def per_cent(part: float, places: int = 0) -> str:
    """Return a part of 1 in per cent; what is not nothing never reads as nothing."""
    least = 10**-places
    return f"<{least} %" if 0 < part * 100 <= least / 2 else f"{part * 100:,.{places}f} %"


def count(number: int | None) -> str:
    """Return a whole number with thousands separated, "–" when unknown."""
    return UNKNOWN if number is None else f"{number:,}"


def calls(number: int) -> str:
    """Return "1 call" or "17 calls"."""
    return f"{number:,} call" if number == 1 else f"{number:,} calls"


def compact(number: int | None) -> str:
    """Return a count in at most five characters: 950, 9,999, 12.3k, 4.56M; "–" when unknown."""
    if number is None:
        return UNKNOWN
    for least, unit, letter in SCALES:
        if number >= least:
            places = 2 - min(2, len(str(number // unit)) - 1)
            # cut, not rounded: 999,999 must not read as "1000k"
            return f"{number * 10**places // unit / 10**places:.{places}f}{letter}"
    return f"{number:,}"


def duration(ns: int | None) -> str:
    """Return a length of time in two units at most, "–" when it has not ended."""
    if ns is None:
        return UNKNOWN
    if ns < 10**6:
        return "0 ms" if ns <= 0 else "<1 ms"
    if ns < 10**9:
        return f"{ns // 10**6} ms"
    if ns < MINUTE_NS:
        return f"{ns // 10**8 / 10:.1f} s"
    if ns < HOUR_NS:
        return f"{ns // MINUTE_NS} m {ns % MINUTE_NS // 10**9:02} s"
    if ns < DAY_NS:
        return f"{ns // HOUR_NS} h {ns % HOUR_NS // MINUTE_NS:02} m"
    return f"{ns // DAY_NS} d {ns % DAY_NS // HOUR_NS} h"


def moment(stamp: str | None, zone: tzinfo, now: datetime) -> str:
    """Return an RFC 3339 time as the reader's wall clock: "21 Nov 11:03:22", year when not now's."""
    if stamp is None:
        return UNKNOWN
    at = datetime.fromisoformat(stamp).astimezone(zone)
    year = "" if at.year == now.astimezone(zone).year else f" {at.year}"
    return f"{at.day} {at:%b}{year} {at:%H:%M:%S}"


def ago(stamp: str, now: datetime) -> str:
    """Return how long ago a time was, in one unit; a clock that runs ahead reads as "just now"."""
    seconds = int((now - datetime.fromisoformat(stamp)).total_seconds())
    if seconds < 1:
        return "just now"
    if seconds < 60:
        return f"{seconds} s ago"
    size, unit, *_ = duration(seconds * 10**9).split()
    return f"{size} {unit} ago"


def apart(words: str) -> str:
    """Return a sender's words so that their direction turns nothing around that stands beside them."""
    return words if words.isascii() else f"\u2068{words}\u2069"


def cut(raw: str, limit: int = SHOWN_CHARS) -> tuple[str, int]:
    """Return the first `limit` characters and how many were left off."""
    return raw[:limit], max(0, len(raw) - limit)


def bounded(value: Any, limit: int = SHOWN_CHARS) -> Any:
    """Return parsed JSON with each long string in it cut, so that a page stays a page."""
    if isinstance(value, str):
        shown, left = cut(value, limit)
        return f"{shown}… {left:,} more characters" if left else shown
    if isinstance(value, dict):
        return {str(name): bounded(item, limit) for name, item in value.items()}
    return [bounded(item, limit) for item in value] if isinstance(value, list) else value
