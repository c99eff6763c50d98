"""Which libraries are recorded: takes names or "auto", returns what was done about each.

Finds what is installed, picks one instrumentation package per library by `instrumentors`, and
switches it on when the program imports the library: an unused one costs nothing. Patches no library
itself, leaves alone what is recorded already, and never raises.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from spanledger import stream_usage
from spanledger.instrumentors import BY_NAME, LIBRARIES, Instrumentor, Library
from spanledger.natives import SWITCHES
from spanledger.package_settings import forbid_content, permit_content, silence

log = logging.getLogger("spanledger")

State = Literal["on", "already", "waiting", "missing", "absent", "failed", "unknown"]

GOOD: tuple[State, ...] = ("on", "already", "waiting")

SENTENCES: dict[State, str] = {
    "on": "{library}: recorded by {by}",
    "already": "{library}: recorded by {by} already; left as it is",
    "waiting": "{library}: will be recorded by {by} once it is imported",
    "missing": "{library}: installed, but nothing records it; {why}",
    "absent": "{library}: not installed",
    "failed": "{library}: {by} could not be switched on: {why}",
    "unknown": "{library}: not known; spanledger knows {why}",
}


@dataclass(frozen=True, slots=True)
class Instrumented:
    """What was done about one library."""

    library: str
    state: State
    by: str = ""  # the package that records it, with its version
    why: str = ""

    def __str__(self) -> str:
        return SENTENCES[self.state].format(library=self.library, by=self.by, why=self.why)


def instrument(
    names: str | Iterable[str] = "auto",
    *,
    content: bool | None = None,
    usage_of_streams: bool | None = None,
) -> list[Instrumented]:
    """Switch on what records the libraries, and return what was done about each.

    Args:
        names: the libraries, or "auto" for all that are installed.
        content: record prompts and answers, too; by default as `configure(capture=…)` says.
        usage_of_streams: ask OpenAI for the tokens of chat streams: always, never, or (None) where
            a client talks to OpenAI itself, as other servers may not know the question.
    """
    keep = captured() if content is None else content
    permit_content() if keep else forbid_content()
    done = [begun(library, keep) for library in chosen(names)]
    done += unknown(names)
    if any(one.library == "openai" and one.state in GOOD for one in done):
        when_imported("openai", lambda: stream_usage.ask(wanted(usage_of_streams)))
    for one in done:
        log.log(logging.INFO if one.state in GOOD else logging.WARNING, "%s", one)
    return done


def captured() -> bool:
    """Return whether the SDK was told to keep content."""
    from spanledger import live

    return live.runtime is None or live.runtime.settings.capture is True


def wanted(usage_of_streams: bool | None) -> bool | None:
    """Return whether streams are asked for usage, as said here or in `SPANLEDGER_STREAM_USAGE`."""
    if usage_of_streams is not None:
        return usage_of_streams
    return {"always": True, "never": False}.get(os.environ.get("SPANLEDGER_STREAM_USAGE", ""))


def asked(names: str | Iterable[str]) -> list[str]:
    """Return the names of libraries that were asked for; none for "auto"."""
    if isinstance(names, str):
        names = names.split(",")
    stripped = (str(name).strip().replace("_", "-") for name in names)
    return [name for name in stripped if name not in ("", "auto")]


def chosen(names: str | Iterable[str]) -> list[Library]:
    """Return the libraries to see to: those named, or all that are installed."""
    if named := asked(names):
        return [BY_NAME[name] for name in named if name in BY_NAME]
    return [library for library in LIBRARIES if installed(library.distribution)]


def unknown(names: str | Iterable[str]) -> list[Instrumented]:
    """Return a remark for each name that is in no table."""
    known = ", ".join(sorted(BY_NAME))
    return [Instrumented(n, "unknown", why=known) for n in asked(names) if n not in BY_NAME]


def begun(library: Library, content: bool) -> Instrumented:
    """Switch on what records one library, now or when it is imported."""
    if installed(library.distribution) is None:
        return Instrumented(library.name, "absent")
    if library.native:
        by = f"itself ({library.distribution} {installed(library.distribution)})"
        return begun_by(library, by, lambda: SWITCHES[library.name](content))
    if (active := active_one(library)) is not None:
        return Instrumented(library.name, "already", named(active))
    best = best_of(library)
    if best is None:
        return Instrumented(library.name, "missing", why=library.install)
    silence(library.name)
    return begun_by(library, named(best), lambda: switched_on(best))


def begun_by(library: Library, by: str, switch: Callable[[], bool]) -> Instrumented:
    """Turn a switch when the library is there; it tells whether it was on before."""
    state = Instrumented(library.name, "waiting", by)
    if library.module in sys.modules or not can_wait():
        return attempted(state, switch)
    when_imported(library.module, lambda: report(attempted(state, switch)))
    return state


def report(late: Instrumented) -> None:
    """Say of a library that was imported later how it went."""
    log.log(logging.WARNING if late.state == "failed" else logging.DEBUG, "%s", late)


def attempted(state: Instrumented, switch: Callable[[], bool]) -> Instrumented:
    """Turn a switch and return how it went."""
    try:
        return replace(state, state="already" if switch() else "on")
    except Exception as error:  # noqa: BLE001 - a package of others may raise whatever it likes
        return replace(state, state="failed", why=f"{type(error).__name__}: {error}")


def switched_on(instrumentor: Instrumentor) -> bool:
    """Switch a package on; return whether it was on before."""
    found = loaded(instrumentor)
    if found.is_instrumented_by_opentelemetry:
        return True
    found.instrument(raise_exception_on_conflict=True)
    return False


def best_of(library: Library) -> Instrumentor | None:
    """Return the best package for a library that is installed."""
    return next((one for one in library.instrumentors if installed(one.distribution)), None)


def active_one(library: Library) -> Instrumentor | None:
    """Return the package that records a library already; a module nobody loaded does not."""
    for one in library.instrumentors:
        if one.target.partition(":")[0] in sys.modules:
            try:
                if loaded(one).is_instrumented_by_opentelemetry:
                    return one
            except Exception as error:  # noqa: BLE001 - as above
                log.debug("spanledger: %s: %s", one.distribution, type(error).__name__)
    return None


def loaded(instrumentor: Instrumentor) -> Any:
    """Return a package's instrumentor; it is one object, however often it is made."""
    module, _, name = instrumentor.target.partition(":")
    return getattr(import_module(module), name)()


def named(instrumentor: Instrumentor) -> str:
    """Return a package with its version."""
    return f"{instrumentor.distribution} {installed(instrumentor.distribution)}"


@cache
def installed(distribution: str) -> str | None:
    """Return the version of a distribution, or None when it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def can_wait() -> bool:
    """Tell whether we can be told of an import; every instrumentation package brings `wrapt`."""
    return installed("wrapt") is not None


def when_imported(module: str, act: Callable[[], object]) -> None:
    """Act once a module is imported, at once if it is; an error of it stays out of the import."""

    def safely(_: object) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - the program's import shall go on
            log.warning("spanledger: %s: %s", module, type(error).__name__)

    if module in sys.modules or not can_wait():
        if module in sys.modules:
            safely(None)
        return
    from wrapt import register_post_import_hook

    register_post_import_hook(safely, module)
