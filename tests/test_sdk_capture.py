"""Arguments and results as text: whatever they are, quickly, and without running their code."""

import collections
import dataclasses
import enum
import json
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from unittest.mock import MagicMock, Mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger import capture

CAP = 1 << 20


class Hostile:
    """Raises, sleeps or exits whatever one does to it."""

    def __repr__(self) -> str:
        sys.exit(1)

    __str__ = __repr__

    def __getattr__(self, name: str) -> Any:
        time.sleep(10)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("iter")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("class")

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("dict")


class HostileDict(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("items")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")


class Lazy:
    """As an object of an ORM: its fields are in its dictionary, its relations ask a database."""

    __dataclass_fields__: ClassVar[dict[str, None]] = {"id": None}

    def __init__(self) -> None:
        self.id = 1
        self._state = "internal"

    @property
    def orders(self) -> Any:
        raise AssertionError("asked the database")


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: str


class Colour(enum.Enum):
    RED = "r"


def cycle() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


def deep(levels: int) -> Any:
    found: Any = 0
    for _ in range(levels):
        found = [found]
    return found


CORPUS: dict[str, Any] = {
    "hostile": Hostile(),
    "hostile dict": HostileDict(a=1),
    "hostile inside": {"a": [Hostile()]},
    "cycle": cycle(),
    "deep": deep(5_000),
    "a million items": list(range(10**6)),
    "100 MB": "x" * 10**8,
    "100 MB of bytes": bytes(10**8),
    "wide": {str(i): i for i in range(10**5)},
    "generator": (i for i in range(3)),
    "lock": threading.Lock(),
    "mock": Mock(),
    "magic mock": MagicMock(),
    "array": np.zeros((1000, 1000)),
    "frame": pd.DataFrame({"a": range(1000)}),
    "surrogate": "\ud800",
    "huge int": 1 << 10**6,
    "nan": float("nan"),
    "lazy": Lazy(),
    "class": Hostile,
    "default dict": collections.defaultdict(list, {"a": [1]}),
    "keys": {1: 1, (1, 2): 2, None: 3, Colour.RED: 4, b"x": 5},
    "exception": ValueError("x"),
    "file": sys.stderr,
    "module": sys,
}


@pytest.mark.parametrize("name", CORPUS)
def test_s10_whatever_it_is_it_takes_little_time_and_gives_json(name: str):
    value = CORPUS[name]
    best, told, outline = 1.0, "", ""
    for _ in range(5):
        began = time.thread_time()
        told, outline = capture.text(value, CAP), capture.shape(value)
        best = min(best, time.thread_time() - began)
    json.loads(told), json.loads(outline)
    assert len(told.encode()) <= 6 * CAP  # a control character takes six
    assert best < 0.1  # 5 ms here; a loaded machine must not fail the test


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": 1, "b": "é\n"}, '{"a":1,"b":"é\\n"}'),
        (Slotted(1, "x"), '{"a":1,"b":"x"}'),
        (Lazy(), '{"id":1}'),
        (Colour.RED, '"Colour.RED"'),
        (Decimal("1.50"), '"1.50"'),
        (datetime(2026, 11, 21, tzinfo=UTC), '"2026-11-21 00:00:00+00:00"'),
        (CORPUS["array"], '"<numpy.ndarray (1000, 1000), float64>"'),
        (CORPUS["cycle"], '[1,"<cycle>"]'),
        (CORPUS["surrogate"], '"?"'),
        (b"abc", '"<bytes of 3 bytes>"'),
        (object(), '"<object>"'),
        ((1, None, True, 1.5), "[1,null,true,1.5]"),
        ({"nan": float("inf")}, '{"nan":"inf"}'),
    ],
)
def test_s10_a_value_is_told_as_a_person_would_read_it(value: Any, told: str):
    assert capture.text(value, CAP) == told


def test_s10_an_iterator_is_not_advanced():
    items = iter([1, 2])
    capture.text(items, CAP), capture.text({"a": items}, CAP)
    assert list(items) == [1, 2]


def test_s10_a_dictionary_that_changes_meanwhile_is_told_as_far_as_it_goes():
    shared: dict[str, int] = {}
    stop = threading.Event()

    def change() -> None:
        n = 0
        while not stop.is_set():
            shared[str(n % 500)] = n
            shared.pop(str((n + 250) % 500), None)
            n += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(300):
            json.loads(capture.text([shared, shared], CAP))
    finally:
        stop.set()
        thread.join()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=50)
@given(plain)
def test_what_json_knows_comes_back_as_it_was(value: Any):
    assert json.loads(capture.text(value, CAP)) == cleaned(value)


def cleaned(value: Any) -> Any:
    """Return a value as it can be in UTF-8, numbers of any size but the widest, no infinities."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(held) for key, held in value.items()}
    return (
        str(value) if isinstance(value, float) and value in (float("inf"), -float("inf")) else value
    )


def test_s11_a_huge_text_is_cut_at_a_character_and_tells_its_length():
    told = json.loads(capture.text("é" * 100, 11))
    assert told == "é" * 5 + "… (100 characters)"


def test_s11_a_huge_text_costs_little_memory():
    value = {"text": CORPUS["100 MB"]}
    tracemalloc.start()
    capture.text(value, CAP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * CAP


def test_a_shape_has_types_and_sizes_and_no_content():
    value = {"question": "secret", "n": 3, "items": ["secret"], "who": Slotted(1, "secret")}
    assert json.loads(capture.shape(value)) == {
        "question": "str[6]",
        "n": "<int>",
        "items": "list[1]",
        "who": {"a": "<int>", "b": "str[6]"},
    }
