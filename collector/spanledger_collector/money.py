"""Dollars as the API writes them: decimal strings, which no reader rounds on the way."""

from decimal import Decimal


def dollars(amount: Decimal) -> str:
    """Return an amount as a plain decimal string without trailing zeros."""
    shown = f"{amount:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
