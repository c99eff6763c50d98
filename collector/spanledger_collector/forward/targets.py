"""Where to forward to, and with which headers: settings to targets.

A target is named by the operator alone, never by what somebody sends.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from spanledger_collector.process import Refused
from spanledger_collector.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """An OTLP endpoint over HTTP, as its base address; `/v1/traces` is added to it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def targets(settings: Settings) -> list[Target]:
    """Return where everything accepted is to be sent on.

    Raises:
        Refused: an address or a header will not do; the message names it.
    """
    by_url = headers_by_url(settings.forward_headers)
    for url in by_url.keys() - set(settings.forward):
        raise Refused(f"--forward-headers: {url} is not among the targets of --forward")
    return [Target(checked(url), by_url.get(url, {})) for url in settings.forward]


def checked(url: str) -> str:
    """Return the address of a target, or refuse it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise Refused(f"--forward: {url!r} will not do; give one such as https://otlp.example.com")
    if parts.username is not None or parts.password is not None:
        raise Refused("--forward: keep passwords out of addresses; give them by --forward-headers")
    return url


def headers_by_url(file: str) -> dict[str, dict[str, str]]:
    """Return the headers in a TOML file that has a table for each target."""
    if not file:
        return {}
    try:
        said = tomllib.loads(Path(file).expanduser().read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"--forward-headers {file}: {error}") from error
    for url, headers in said.items():
        if not isinstance(headers, dict) or not all(map(is_header, headers.values())):
            raise Refused(f'--forward-headers {file}: write ["{url}"] and below it name = "value"')
    return said


def is_header(value: object) -> bool:
    """Tell whether something can be the value of a header."""
    return isinstance(value, str) and value.isascii() and value.isprintable()
