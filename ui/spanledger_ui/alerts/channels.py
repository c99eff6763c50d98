"""The file of channels (TOML): a section for each, checked at the start.

    [ops]
    kind = "webhook"
    url = "https://example.com/hook"
    secret_file = "/run/secrets/hook"      # or secret_env = "HOOK_SECRET"; never the secret itself
    least = "warning"                      # what is less grave is not told here
    quiet = "22:00-07:00 Europe/Berlin"    # what is not critical waits
    report = "weekly Europe/Berlin"        # what was spent, once a day, week or month

Comes out as channels that can be told; raises ChannelInvalid for whatever is not understood.
"""

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from spanledger_schema.api_budgets import PROOF_CHANNEL
from spanledger_ui.alerts.kinds import KINDS
from spanledger_ui.alerts.kinds.command import Command
from spanledger_ui.alerts.message import SEVERITIES, Message
from spanledger_ui.alerts.schedule import Schedule, schedule
from spanledger_ui.alerts.transport import Transport

NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
QUIET = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)(?: (\S+))?")


class ChannelInvalid(ValueError):
    """The file of channels says something that is not understood; names channel and line."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day in which only what is critical is told."""

    start: time
    end: time
    zone: ZoneInfo

    def holds(self, now: datetime) -> bool:
        """Tell whether it is quiet at a moment; the hours may go over midnight."""
        at = now.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True)
class Channel:
    """Somewhere to tell alerts."""

    name: str
    transport: Transport
    least: str = "info"
    quiet: Quiet | None = None
    report: Schedule | None = None

    def takes(self, message: Message) -> bool:
        """Tell whether a message is grave enough for this channel; what was asked for always is."""
        return message.event in ("test", "report") or rank(message.severity) >= rank(self.least)

    def waits(self, message: Message, now: datetime) -> bool:
        """Tell whether a message is held back until quiet hours are over."""
        if message.event == "test" or message.severity == "critical" or self.quiet is None:
            return False
        return self.quiet.holds(now)


def rank(severity: str) -> int:
    """Return how grave a severity is."""
    return SEVERITIES.index(severity)


def channels(
    path: Path, environ: Mapping[str, str] | None = None, *, commands: Collection[str] = ()
) -> dict[str, Channel]:
    """Return the channels of a file by name; secrets are read from where it says.

    Of programs only those are run that the operator allows by a setting too: `commands`.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChannelInvalid(f"channels {path}: {error}") from error
    secrets = os.environ if environ is None else environ
    found = {name: channel(name, section, secrets) for name, section in said.items()}
    for name, each in found.items():
        if isinstance(each.transport, Command) and each.transport.argv[0] not in commands:
            program = each.transport.argv[0]
            raise ChannelInvalid(f"channel {name}: start with --channel-commands {program}")
    return found


def channel(name: str, section: object, environ: Mapping[str, str]) -> Channel:
    """Return the channel of a section."""
    if name == PROOF_CHANNEL:
        raise ChannelInvalid(
            f"channels: [{name}] is that of the synthetic alert; take another name"
        )
    if not NAME.fullmatch(name) or not isinstance(section, dict):
        raise ChannelInvalid(f"channels: [{name}] is no section with a plain name")
    rest = dict(section)
    kind, least, quiet = rest.pop("kind", None), rest.pop("least", "info"), rest.pop("quiet", None)
    report, project = rest.pop("report", None), rest.pop("report_project", "default")
    if kind not in KINDS:
        raise ChannelInvalid(f"channel {name}, kind: {kind!r} is none of {', '.join(KINDS)}")
    if least not in SEVERITIES:
        raise ChannelInvalid(f"channel {name}, least: {least!r} is none of {', '.join(SEVERITIES)}")
    try:
        transport = KINDS[kind](**given(KINDS[kind], rest, environ))
        due = reports(kind, report, project) if report else None
        return Channel(name, transport, least, hours(quiet) if quiet else None, due)
    except (ValueError, TypeError, OSError) as error:
        raise ChannelInvalid(f"channel {name}: {error}") from error


def given(kind: Any, section: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a kind as a section gives them; raise ValueError for what is none."""
    known = [f for f in fields(kind) if not f.metadata.get("ours")]
    found = {f.name: value for f in known if (value := taken(f, section, environ)) is not None}
    if section:
        raise ValueError(f"{next(iter(section))}: there is no such line")
    missing = [f.name for f in known if f.name not in found and f.default is MISSING]
    if missing:
        raise ValueError(f"{missing[0]}: it is missing")
    return found


def taken(field: Field[Any], section: dict[str, Any], environ: Mapping[str, str]) -> Any:
    """Take a field out of a section, a secret from where that says; None when it is not there."""
    name = field.name
    if not field.metadata.get("secret"):
        return plain(name, field.type, section.pop(name, None))
    if name in section:
        raise ValueError(f"{name}: it is a secret; give {name}_file or {name}_env")
    if file := section.pop(f"{name}_file", None):
        return Path(file).expanduser().read_text(encoding="utf-8").strip()
    if variable := section.pop(f"{name}_env", None):
        if not environ.get(variable):
            raise ValueError(f"{name}_env: the variable {variable} is not set")
        return environ[variable].strip()
    return None


def plain(name: str, kind: object, value: Any) -> Any:
    """Return a line's value as its field has it; raise ValueError when it is of another type."""
    if value is None:
        return None
    if kind == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{name}: give a list of texts")
        return tuple(value)
    wanted = kind if kind in (bool, int) else str
    if type(value) is not wanted:
        raise ValueError(f"{name}: give {'a text' if wanted is str else wanted}")
    return value


def reports(kind: str, written: object, project: object) -> Schedule:
    """Return when a channel is told what was spent; an incident is no place for that."""
    if kind == "pagerduty":
        raise ValueError("report: it would wake somebody; give it to another channel")
    return schedule(written, project)


def hours(written: object) -> Quiet:
    """Return quiet hours from `22:00-07:00 Europe/Berlin`; UTC without a zone."""
    found = QUIET.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise ValueError(f"quiet: {written!r}; write 22:00-07:00 Europe/Berlin")
    try:
        start, end = time.fromisoformat(found[1]), time.fromisoformat(found[2])
        return Quiet(start, end, ZoneInfo(found[3] or "UTC"))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"quiet: {written!r}; write 22:00-07:00 Europe/Berlin") from error
