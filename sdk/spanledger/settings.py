"""What `configure()` was told: arguments, else `SPANLEDGER_*`, else `OTEL_*` variables.

Comes out as one frozen `Settings`; only this module reads the environment. A value that will not
do raises `SettingInvalid`, which `configure` turns into a warning unless it is strict.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

Capture = bool | Literal["shape"]
"""What is kept of arguments and results: all, their types and sizes, nothing."""

Mask = Callable[[str], str]
"""Return a captured text without what must not leave the process."""

Protocol = Literal["http", "grpc"]
Foreign = Literal["llm", "all", "none"]
Guarding = Literal["off", "open", "closed"]
Instrument = str | Sequence[str] | None

DEFAULT_ENDPOINT = {"http": "http://127.0.0.1:4318", "grpc": "http://127.0.0.1:4317"}
MIB = 1 << 20


class SettingInvalid(ValueError):
    """A setting of the SDK will not do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the SDK can be told."""

    endpoint: str = DEFAULT_ENDPOINT["http"]
    """Where OTLP goes: scheme, host, port, perhaps a path prefix."""
    key: str | None = None
    service: str | None = None
    environment: str | None = None
    release: str | None = None
    protocol: Protocol = "http"
    capture: Capture = True
    mask: Mask | None = None
    sample: float = 1.0
    keep_usage: bool = False
    """Send calls of traces outside the sample all the same, without content."""
    foreign: Foreign = "llm"
    """Which spans of others to send where the application brings its own TracerProvider."""
    baggage: tuple[str, ...] = ("session.id",)
    """What of a session travels to other services, and is believed when it comes from them."""
    threads: bool = True
    """Carry the session and the current span into threads and thread pools."""
    headers: Mapping[str, str] = field(default_factory=dict)
    guard: Guarding = "off"
    """Whether the server is asked before each step, and what no answer means: go on, or stop."""
    guard_url: str = "http://127.0.0.1:4320"
    """Where the query API answers: to approvals, and where spans go to a server that knows no budgets."""
    guard_keep_s: float = 2.0
    """How long an answer holds."""
    guard_wait_s: float = 0.5
    """How long a step waits for an answer when none holds."""
    max_value_bytes: int = MIB
    max_queue_spans: int = 10_000
    max_queue_bytes: int = 64 * MIB
    max_batch_spans: int = 512
    max_batch_bytes: int = 4 * MIB
    delay_s: float = 1.0
    """How long a span may wait for others to be sent with."""
    spool: str | None = None
    """A folder for batches while the server is away; None keeps them in memory alone."""
    max_spool_bytes: int = 256 * MIB
    timeout_s: float = 10.0
    """How long one request may take."""
    give_up_s: float = 300.0
    """How long one batch is tried before it is dropped."""
    shutdown_s: float = 5.0
    """How long the end of the process may wait for the last batch."""
    disabled: bool = False


def settings(told: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force.

    Args:
        told: arguments by name; None means that nothing was said.
        environ: the variables to read, those of the process by default.

    Raises:
        SettingInvalid: a value will not do.
    """
    environ = os.environ if environ is None else environ
    said: dict[str, object] = {**from_environ(environ)}
    said |= {name: value for name, value in told.items() if value is not None}
    protocol = said.get("protocol", "http")
    if protocol not in DEFAULT_ENDPOINT:
        raise SettingInvalid(f"protocol: {protocol!r} is neither 'http' nor 'grpc'")
    said.setdefault("endpoint", DEFAULT_ENDPOINT[str(protocol)])
    found = Settings(**said)  # type: ignore[arg-type]  # checked below, value by value
    check(found)
    return found


def from_environ(environ: Mapping[str, str]) -> dict[str, object]:
    """Return what the variables say; an empty one says nothing."""

    def first(*names: str) -> str | None:
        return next((environ[name] for name in names if environ.get(name)), None)

    traces = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").removesuffix("/v1/traces")
    said: dict[str, object | None] = {
        "endpoint": first("SPANLEDGER_ENDPOINT") or traces or first("OTEL_EXPORTER_OTLP_ENDPOINT"),
        "key": first("SPANLEDGER_KEY", "SPANLEDGER_API_KEY"),
        "service": first("SPANLEDGER_SERVICE", "OTEL_SERVICE_NAME"),
        "environment": first("SPANLEDGER_ENVIRONMENT"),
        "release": first("SPANLEDGER_RELEASE"),
        "capture": capture(first("SPANLEDGER_CAPTURE")),
        "guard": first("SPANLEDGER_GUARD"),
        "guard_url": first("SPANLEDGER_GUARD_URL"),
        "spool": first("SPANLEDGER_SPOOL"),
        "sample": ratio(first("SPANLEDGER_SAMPLE")),
        "headers": headers(first("OTEL_EXPORTER_OTLP_HEADERS")),
        "disabled": flag(first("SPANLEDGER_DISABLED", "OTEL_SDK_DISABLED")),
    }
    return {name: value for name, value in said.items() if value is not None}


def capture(text: str | None) -> Capture | None:
    """Return what `SPANLEDGER_CAPTURE` asks for."""
    if text is None or text == "shape":
        return "shape" if text else None
    return flag(text)


def ratio(text: str | None) -> float | None:
    """Return a number from a variable."""
    try:
        return None if text is None else float(text)
    except ValueError:
        raise SettingInvalid(f"SPANLEDGER_SAMPLE: {text!r} is no number from 0 to 1") from None


def flag(text: str | None) -> bool | None:
    """Return yes or no from a variable."""
    return None if text is None else text.strip().lower() in ("1", "true", "yes", "on")


def headers(text: str | None) -> dict[str, str] | None:
    """Return headers from `name=value,name=value`, percent-decoded as the OTLP exporters do."""
    if text is None:
        return None
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}


def check(found: Settings) -> None:
    """Raise SettingInvalid for the first setting that will not do."""
    for name in ("endpoint", "guard_url"):
        if not is_address(getattr(found, name)):
            raise SettingInvalid(f"{name}: it is no http:// or https:// address; see docs/sdk.md")
    if found.guard not in get_args(Guarding):
        raise SettingInvalid(f"guard: {found.guard!r} is not 'off', 'open' or 'closed'")
    share: object = found.sample  # whatever somebody passed
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise SettingInvalid(f"sample: {found.sample!r} is no number from 0 to 1")
    if found.capture not in (True, False, "shape"):
        raise SettingInvalid(f"capture: {found.capture!r} is not True, False or 'shape'")
    if found.mask is not None and not callable(found.mask):
        raise SettingInvalid("mask: it is no function of one text")
    if found.key is not None and not (found.key.isascii() and found.key.isprintable()):
        raise SettingInvalid("key: it holds a character that a header cannot carry")
    if found.foreign not in ("llm", "all", "none"):
        raise SettingInvalid(f"foreign: {found.foreign!r} is not 'llm', 'all' or 'none'")


def is_address(url: str) -> bool:
    """Tell whether something is the address of an HTTP service."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, TypeError, AttributeError):
        return False
