"""The filter language: `agent:refunds cost:>1 model:gpt-5* -tag:test "lost luggage"`.

What a person wrote comes in, terms that all have to hold go out, or where it cannot be read and
what to write instead. Knows no table: what a field is there, the query API decides (docs/filters.md).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

TEXTS = (
    "agent", "user", "session", "trace", "name", "model", "provider", "service", "environment",
    "tag", "status", "tool", "node", "kind", "error",
)  # fmt: skip
"""Fields that are compared as text."""

NUMBERS: Mapping[str, str] = MappingProxyType(
    {
        "cost": "usd", "tokens": "count", "input": "count", "output": "count", "calls": "count",
        "steps": "count", "errors": "count", "unpriced": "count", "duration": "ns", "waiting": "ns",
    }
)  # fmt: skip
"""Fields that are compared as numbers → in what."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"env": "environment", "usd": "cost", "latency": "duration", "tags": "tag", "id": "session"}
)

UNITS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "usd": {"": 1},
        "count": {"": 1, "k": 1000, "M": 1_000_000},
        "ns": {
            "": 10**9, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
            "d": 86_400 * 10**9,
        },
    }
)  # fmt: skip
"""What a number may end in, and how many of the field's own unit that is."""

EXAMPLES = {"usd": ">1", "count": "1..20k", "ns": ">30s"}
MOST_TERMS = 30
ONE = Decimal(1)

FIELD = re.compile(r"([A-Za-z_]+):")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
BARE = re.compile(r'[^\s",]+')
WORD = re.compile(r'[^\s"]+')
NUMBER = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z]*)")


class BadFilter(Exception):
    """A filter that cannot be read; the message says where and what to write instead."""

    def __init__(self, at: int, detail: str) -> None:
        super().__init__(f"at character {at + 1}: {detail}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`; None is an open end."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True, slots=True)
class Matches:
    """A text field is like one of `patterns`, which are those of SQL's LIKE."""

    field: str
    patterns: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """A number field lies in one of `ranges`, in the field's own unit."""

    field: str
    ranges: tuple[Range, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Says:
    """A text occurs in a name, an id, an input or an output."""

    text: str
    negated: bool = False


Term = Matches | Within | Says


def parse(written: str) -> list[Term]:
    """Return the terms of a filter in their order; none for one that is empty.

    Raises:
        BadFilter: it cannot be read.
    """
    return [term for term, _ in pieces(written)]


def split(written: str) -> list[str]:
    """Return the terms of a filter, each as it is written.

    Raises:
        BadFilter: it cannot be read.
    """
    return [text for _, text in pieces(written)]


def pieces(written: str) -> list[tuple[Term, str]]:
    """Return the terms of a filter and how each is written."""
    found: list[tuple[Term, str]] = []
    at = skipped(written, 0)
    while at < len(written):
        if len(found) == MOST_TERMS:
            raise BadFilter(at, f"a filter has at most {MOST_TERMS} terms")
        term, end = read_term(written, at)
        found.append((term, written[at:end]))
        at = skipped(written, end)
    return found


def skipped(written: str, at: int) -> int:
    """Return the place of the next character that is no space."""
    while at < len(written) and written[at].isspace():
        at += 1
    return at


def read_term(written: str, at: int) -> tuple[Term, int]:
    """Return the term that begins here, and where it ends."""
    negated = written[at] == "-" and at + 1 < len(written) and not written[at + 1].isspace()
    begin = at + negated
    if named := FIELD.match(written, begin):
        field = known_field(named[1], begin)
        values, end = read_values(written, named.end(), field)
        if field in NUMBERS:
            ranges = tuple(number_range(field, text, place) for text, _, place in values)
            return Within(field, ranges, negated), end
        return Matches(field, tuple(like(text, quoted) for text, quoted, _ in values), negated), end
    if quoted := QUOTED.match(written, begin):
        return Says(said(quoted[1], begin), negated), quoted.end()
    if word := WORD.match(written, begin):
        return Says(word[0], negated), word.end()
    raise BadFilter(begin, 'a quote that does not end; write "lost luggage"')


def known_field(name: str, at: int) -> str:
    """Return a field by its name or a shorter one of it."""
    field = ALIASES.get(name.lower(), name.lower())
    if field in TEXTS or field in NUMBERS:
        return field
    names = ", ".join((*TEXTS, *NUMBERS))
    raise BadFilter(
        at, f'no field {name!r}; there are {names}. To look for the text, quote it: "…"'
    )


def read_values(written: str, at: int, field: str) -> tuple[list[tuple[str, bool, int]], int]:
    """Return the values after a field, apart by commas: text, whether quoted, place."""
    values = []
    while True:
        quoted = QUOTED.match(written, at)
        found = quoted or BARE.match(written, at)
        if found is None:
            raise BadFilter(at, f"no value for {field!r}; write {field}:…, or {field}:* for any")
        values.append((said(quoted[1], at) if quoted else found[0], quoted is not None, at))
        at = found.end()
        if not written.startswith(",", at):
            return values, at
        at += 1


def said(inside: str, at: int) -> str:
    """Return what stands in quotes; a backslash takes the next character as it is."""
    text = re.sub(r"\\(.)", r"\1", inside)
    if not text:
        raise BadFilter(at, 'empty quotes; write "lost luggage"')
    return text


def like(text: str, quoted: bool) -> str:
    """Return the pattern of LIKE for a value; `*` outside quotes stands for anything.

    `*` alone means that there is something, which is what `_%` says.
    """
    if text == "*" and not quoted:
        return "_%"
    escaped = re.sub(r"([\\%_])", r"\\\1", text)
    return escaped if quoted else escaped.replace("*", "%")


def number_range(field: str, text: str, at: int) -> Range:
    """Return the numbers that `>1`, `<=2`, `1..5` or `3` name."""
    for sign in (">=", "<=", ">", "<"):
        if text.startswith(sign):
            value = number(field, text.removeprefix(sign), at)
            included = sign.endswith("=")
            return (
                Range(value, None, included) if ">" in sign else Range(None, value, True, included)
            )
    low, dots, high = text.partition("..")
    first = number(field, low, at) if low or not dots else None
    last = (number(field, high, at) if high else None) if dots else first
    if first is None and last is None:
        raise BadFilter(at, f"no end of the range; write {example(field)}")
    if first is not None and last is not None and first > last:
        raise BadFilter(at, f"{text!r} ends before it begins; write {field}:{high}..{low}")
    return Range(first, last)


def number(field: str, text: str, at: int) -> Decimal:
    """Return a number in the unit of its field."""
    units = UNITS[NUMBERS[field]]
    found = NUMBER.fullmatch(text)
    if found is None or found[2] not in units:
        names = ", ".join(unit for unit in units if unit)
        ends = f", which may end in {names}" if names else ""
        raise BadFilter(at, f"{field!r} is a number{ends}, not {text!r}; write {example(field)}")
    try:
        return Decimal(found[1]) * units[found[2]]
    except InvalidOperation as error:
        raise BadFilter(at, f"{text!r} is too long a number") from error


def example(field: str) -> str:
    """Return how a number field is written."""
    return f"{field}:{EXAMPLES[NUMBERS[field]]}"


def term(field: str, values: Sequence[str]) -> str:
    """Return a term that names these very values, as a person would write it."""
    return f"{field}:{','.join(map(quoted_if_needed, values))}"


def quoted_if_needed(value: str) -> str:
    """Return a value as it stands in a filter: in quotes where it would read as something else."""
    if BARE.fullmatch(value) and "*" not in value:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
