"""Terms of a filter to a condition of SQL and its parameters.

Takes terms that `spanledger_schema.filters` has read and the fields of what is asked; every value
becomes a typed parameter. Says so where a field means nothing there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from spanledger_schema.filter_sql import PAYLOAD_WORDS, RECORD_WORDS, Fields
from spanledger_schema.filters import Matches, Range, Says, Term, Within

TOKEN = re.compile(r"[0-9a-z]+")
ESCAPES = ("", "n", "t", "r")
"""What JSON may put right before a word: the letter of an escaped line break or tab."""

LARGEST = Decimal(10) ** 24


class NoSuchField(Exception):
    """A field that means nothing for what is asked."""


@dataclass
class Condition:
    """A condition that is put together, and the parameters it has so far."""

    fields: Fields
    parameters: dict[str, Any] = field(default_factory=dict)

    def parameter(self, value: Any, kind: str) -> str:
        """Return the place of a value."""
        name = f"filter_{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"

    def sql(self, terms: Sequence[Term]) -> str:
        """Return the condition that all terms hold, `1` without any."""
        return " AND ".join(map(self._term, terms)) or "1"

    def _term(self, term: Term) -> str:
        said = self._said(term)
        return f"NOT ({said})" if term.negated else f"({said})"

    def _said(self, term: Term) -> str:
        match term:
            case Matches():
                return self._matches(term)
            case Within():
                return self._within(term)
            case Says():
                return self._says(term.text)

    def _matches(self, term: Matches) -> str:
        condition = known(self.fields.texts.get(term.field), term.field)
        values = (self.parameter(pattern, "String") for pattern in term.patterns)
        return " OR ".join(condition.replace("{value}", value) for value in values)

    def _within(self, term: Within) -> str:
        number = known(self.fields.numbers.get(term.field), term.field)
        return " OR ".join(f"({self._range(number, ends)})" for ends in term.ranges)

    def _range(self, number: str, ends: Range) -> str:
        """Return the condition that a number lies between two ends, whole when both are the same."""
        bounds = []
        if ends.low is not None:
            sign = ">=" if ends.low_included else ">"
            bounds.append(f"{number} {sign} {self._decimal(ends.low)}")
        if ends.high is not None:
            sign = "<=" if ends.high_included else "<"
            bounds.append(f"{number} {sign} {self._decimal(ends.high)}")
        return " AND ".join(bounds)

    def _decimal(self, value: Decimal) -> str:
        # beyond what a column holds it is all the same how far
        return self.parameter(f"{min(value, LARGEST):f}", "Decimal(38, 12)")

    def _says(self, text: str) -> str:
        said = self.fields.says.replace("{value}", self.parameter(text, "String"))
        said = said.replace("{payload}", self._words(PAYLOAD_WORDS, text))
        return said.replace("{record}", self._words(RECORD_WORDS, text))

    def _words(self, column: str, text: str) -> str:
        """Return the condition that a text stands in a column: by words of the index, then exactly."""
        words = TOKEN.findall(text.lower()) if text.isascii() else []
        tokens = [
            " OR ".join(
                f"hasToken({column}, {self.parameter(before + word, 'String')})"
                for before in ESCAPES
            )
            for word in words
        ]
        exact = f"match({column}, {self.parameter(pattern(text), 'String')})"
        return " AND ".join([*(f"({token})" for token in tokens), exact])


def known(expression: str | None, name: str) -> str:
    """Return what a field is, or refuse one that is nothing here."""
    if expression is None:
        raise NoSuchField(f"{name!r} cannot be asked of what this lists")
    return expression


def pattern(text: str) -> str:
    """Return the expression of RE2 for a text in JSON: whole words, any space between them."""
    escaped = (re.escape(part).replace('"', r'\\*"') for part in text.lower().split())
    inside = r"(?:\s|\\+[nrt])+".join(escaped)
    if not text.isascii():
        return inside
    begins = r"(?:^|[^0-9a-z]|\\[nrt])" if text[:1].isalnum() else ""
    return f"{begins}{inside}" + (r"(?:[^0-9a-z]|$)" if text[-1:].isalnum() else "")
