"""Objects that are no containers: what can be told of them without running their code."""

import enum
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID

PLAIN = frozenset(
    {datetime, date, time, timedelta, Decimal, Fraction, UUID, complex, range}
    | {PosixPath, WindowsPath, PurePosixPath, PureWindowsPath}
)
"""Types of the standard library whose own `str` is short and harmless."""

ARRAYS = frozenset({"numpy", "torch", "pandas", "polars", "jax", "jaxlib", "tensorflow", "cupy"})
FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, ModuleType)
DECLARED = ("__dataclass_fields__", "__pydantic_fields__", "__attrs_attrs__", "model_fields")
"""What a class that declares its fields has; a plain object's dictionary may hold anything."""

instance_dict = object.__getattribute__


lineage: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
"""Return a class and those above it, without asking its metaclass."""

declared: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
"""Return what a class itself declares, likewise."""


def named(kind: type) -> str:
    """Return the name of a type in angle brackets."""
    return f"<{path(kind)}>"


def path(kind: type) -> str:
    """Return where a type is to be found."""
    module = module_of(kind)
    name = type.__dict__["__qualname__"].__get__(kind)
    return f"{module}.{name}" if module not in ("", "builtins") else str(name)


def module_of(kind: type) -> str:
    """Return the module of a type, without asking its metaclass."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if type(module) is str else ""


def harmless(value: Any, kind: type) -> str | None:
    """Return the text of a value of the standard library, or None for any other."""
    if kind in PLAIN:
        return str(value)
    if kind in (bytes, bytearray, memoryview):
        return f"<{kind.__name__} of {memoryview(value).nbytes} bytes>"
    if enum.Enum in lineage(kind):
        name = instance_dict(value, "__dict__").get("_name_")
        return f"{kind.__name__}.{name}" if type(name) is str else named(kind)
    if kind in FUNCTIONS:
        return f"<{kind.__name__}>"
    if BaseException in lineage(kind):
        return named(kind)
    for base in (int, float):
        if base in lineage(kind):
            return (
                base.__repr__(value) if base is float or abs(value.real) < 1 << 64 else named(kind)
            )
    return None


def fields(value: Any, kind: type) -> Mapping[str, object] | None:
    """Return the public fields of an object whose class declares them, else None.

    They are read from the instance's own dictionary and slots: a property, a lazy relation or a
    `__getattr__` never runs.
    """
    if not any(name in declared(base) for base in lineage(kind) for name in DECLARED):
        return None
    try:
        held: Mapping[str, object] = instance_dict(value, "__dict__")
    except AttributeError:
        return slotted(value, kind)
    if type(held) is not dict:
        return None
    return {key: held[key] for key in list(held) if type(key) is str and key[:1] != "_"}


def slotted(value: object, kind: type) -> dict[str, object] | None:
    """Return the slots of an object that has no dictionary."""
    found: dict[str, object] = {}
    for base in lineage(kind):
        for name, member in list(declared(base).items()):
            if type(member) is MEMBER and name[:1] != "_":
                try:
                    found[name] = member.__get__(value, kind)
                except AttributeError:
                    continue  # not set
    return found or None


class _Slot:
    __slots__ = ("x",)


MEMBER = type(_Slot.__dict__["x"])


def arrayed(value: Any, kind: type) -> str | None:
    """Return type, shape and dtype of an array, a tensor or a table, or None for anything else."""
    if module_of(kind).partition(".")[0] not in ARRAYS:
        return None
    try:
        shape = ", ".join(str(int(n)) for n in tuple(value.shape)[:8])
        dtype = getattr(value, "dtype", None)
        kept = f", {dtype!s}"[:40] if dtype is not None else ""
    except Exception:  # noqa: BLE001 – a half-built array may raise anything
        return None
    return f"<{path(kind)} ({shape}){kept}>"
