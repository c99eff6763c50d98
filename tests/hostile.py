"""Values that harm whoever looks at them the wrong way: what a host may hand to a decorated function.

`CORPUS` has them by name; `bench/sdk.py hostile` measures what each costs.
"""

import array
import asyncio
import collections
import contextvars
import dataclasses
import enum
import re
import socket
import sqlite3
import sys
import threading
import time
import types
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar
from unittest.mock import MagicMock, Mock

import attrs
import numpy as np
import pandas as pd
import pydantic


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


class Text(str):
    """Says something else of itself than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("str")

    __repr__ = __str__
    encode = __len__ = __iter__ = __getitem__ = __str__  # type: ignore[assignment]


class Number(int):
    def __repr__(self) -> str:
        raise RuntimeError("repr")

    __str__ = __index__ = __eq__ = __hash__ = bit_length = __repr__  # type: ignore[assignment]


class Closed(type):
    """Tells nothing of its classes."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError("metaclass")


class OfClosed(metaclass=Closed):
    pass


class Tensor:
    """As those of torch, which is not installed here: big, lazy, and slow to print."""

    shape = (4096, 4096)
    dtype = "torch.float32"

    def __repr__(self) -> str:
        time.sleep(10)
        return ""

    __str__ = __repr__

    def __len__(self) -> int:
        raise RuntimeError("len")


Tensor.__module__ = "torch"


@dataclasses.dataclass
class Node:
    """Knows itself."""

    me: "Node | None" = None


@attrs.define
class Attrs:
    items: list[int]


class Model(pydantic.BaseModel):
    name: str
    more: dict[str, int] = {}

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def costly(self) -> int:
        raise AssertionError("computed")


class Explosive:
    """A sequence by protocol, without end."""

    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1

    def __len__(self) -> int:
        return 1 << 62


async def forever() -> AsyncIterator[int]:
    while True:
        yield 1


def closed(what: Any) -> Any:
    """Return something that is closed, so that nobody need do it later."""
    what.close()
    return what


def node() -> Node:
    made = Node()
    made.me = made
    return made


def deep_mapping(levels: int) -> Any:
    found: Any = 0
    for _ in range(levels):
        found = {"in": found}
    return found


ALIVE = type("Alive", (), {})()


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
    "hostile text": Text("said"),
    "hostile number": Number(3),
    "closed class": OfClosed(),
    "tensor": Tensor(),
    "series": pd.Series(range(1000)),
    "objects in an array": np.empty(3, object),
    "array of the library": array.array("d", bytes(8 * 10**6)),
    "knows itself": node(),
    "attrs": Attrs([1]),
    "pydantic": Model(name="a"),
    "endless": Explosive(),
    "async generator": forever(),
    "socket": closed(socket.socket()),
    "database": closed(sqlite3.connect(":memory:")),
    "thread": threading.current_thread(),
    "context variable": contextvars.ContextVar[int]("x"),
    "event": asyncio.Event(),
    "match": re.match("a", "a"),
    "proxy": types.MappingProxyType({"a": 1}),
    "chain": collections.ChainMap({"a": 1}, {"b": 2}),
    "queue": collections.deque(range(10**6)),
    "ordered": collections.OrderedDict((i, i) for i in range(10**5)),
    "counter": collections.Counter("abc"),
    "namespace": types.SimpleNamespace(a=1),
    "weak": weakref.proxy(ALIVE),
    "dead": weakref.proxy(type("Gone", (), {})()),
    "a million in a set": set(range(10**6)),
    "deep mapping": deep_mapping(5_000),
    "surrogates": "\ud800" * 10**7,
    "control characters": "\x00" * 10**7,
    "written long ago": bytearray(10**7),
    "ellipsis": ...,
    "not implemented": NotImplemented,
}
