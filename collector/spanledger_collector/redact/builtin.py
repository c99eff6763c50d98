"""The rules that come with the server: API keys, payment cards, e-mail addresses.

Off until named (`--redact api_keys,cards,emails`).
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from spanledger_collector.redact.linear import compiled

API_KEY = (
    r"(?<![A-Za-z0-9_])(?:"
    r"sk-[A-Za-z0-9_-]{20,250}+"  # OpenAI, Anthropic and those who followed
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}+"  # Stripe
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{36,250}+|github_pat_[A-Za-z0-9_]{22,250}+"
    r"|glpat-[A-Za-z0-9_-]{20,100}+"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,250}+"  # Slack
    r"|AIza[0-9A-Za-z_-]{35}"  # Google
    r"|hf_[A-Za-z0-9]{30,100}+"
    r"|spanledger_[A-Za-z0-9]{8}_[A-Za-z0-9]{43}_[A-Za-z0-9]{6}"
    r"|eyJ[A-Za-z0-9_-]{10,600}+\.eyJ[A-Za-z0-9_-]{10,900}+\.[A-Za-z0-9_-]{10,600}+"  # JWT
    r")"
)
# Networks begin with 2 to 6: a time in nanoseconds is no card, even if its digits add up.
CARD = (
    r"(?<![0-9A-Za-z.])(?:[2-6][0-9]{12,18}+"
    r"|[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}"
    r"|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}"
    r")(?![0-9])"
)
EMAIL = (
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}+"
    r"@(?:[A-Za-z0-9-]{1,63}+\.){1,4}[A-Za-z]{2,24}+(?![A-Za-z0-9])"
)

Is = Callable[[str], bool]
"""Tells whether what a pattern matched really is what is looked for."""


def anything(_: str) -> bool:
    """Tell that every match counts."""
    return True


def luhn(text: str) -> bool:
    """Tell whether the digits of a text have the check digit of a payment card."""
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    doubled = (n * 2 - 9 * (n > 4) for n in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


BUILTIN: Mapping[str, tuple[re.Pattern[str], Is]] = MappingProxyType(
    {
        "api_keys": (compiled(API_KEY), anything),
        "cards": (compiled(CARD), luhn),
        "emails": (compiled(EMAIL), anything),
    }
)
