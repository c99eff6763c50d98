"""Every setting of the server: its name, its default and one line of help.

A flag beats a `SPANLEDGER_*` variable, that beats a line of the settings file, that beats the
default. The only module that reads the environment; it knows nothing about what settings are for.
"""

import os
import re
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from spanledger_collector.setting_types import (
    Cluster,
    Count,
    Durability,
    Folder,
    Host,
    KeysNeeded,
    Names,
    Port,
    Seconds,
    Size,
    Store,
    Switch,
    Text,
    Url,
    folder,
)

PREFIX = "SPANLEDGER_"
SECRET = ("api_key", "watch_key", "oidc_client_secret")  # never shown


class SettingInvalid(ValueError):
    """A setting was given a value it cannot have; the message names it and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every process of the server is told. `load` makes one with everything filled in.

    The text beside a type is the line of help that `spanledger serve --help` shows.
    """

    data: Annotated[Folder, "folder that holds everything that lasts"] = Path("~/.spanledger")
    store: Annotated[
        Store,
        "where spans are stored: chdb:///folder, or http://user:password@host:8123/database;"
        " a chDB folder inside the data folder when left out",
    ] = field(default="", repr=False)  # may hold a password; `store_shown` does not
    cluster: Annotated[
        Cluster,
        "cluster of that server, by its name in remote_servers, over which tables are replicated and"
        " spread by trace; none when left out",
    ] = ""
    store_memory_bytes: Annotated[
        Size, "most memory of an embedded database, its caches included"
    ] = 4 << 30
    host: Annotated[Host, "address to listen on; 0.0.0.0 for every interface"] = "127.0.0.1"
    http_port: Annotated[Port, "port for OTLP over HTTP"] = 4318
    grpc_port: Annotated[Port, "port for OTLP over gRPC"] = 4317
    api_port: Annotated[Port, "port of the query API"] = 4320
    ui_port: Annotated[Port, "port of the screens"] = 8501
    screens: Annotated[
        Switch, "on, or off on a machine that only collects and answers: serve starts none then"
    ] = "on"
    api_url: Annotated[Url, "query API the screens read; our own when left out"] = ""
    allowed_hosts: Annotated[Names, "host names by which browsers reach the screens"] = (
        "localhost",
        "127.0.0.1",
    )
    durability: Annotated[
        Durability, "what an acknowledgement waits for: fsync, or os (faster, but loses power cuts)"
    ] = "fsync"
    keys: Annotated[
        KeysNeeded,
        "who needs an API key: everybody (required), nobody (optional), or everybody unless we"
        " listen on this machine only and nobody signs in (auto)",
    ] = "auto"
    api_key: Annotated[
        Text, "API key with which the screens and the commands ask the query API"
    ] = field(default="", repr=False)
    ui_url: Annotated[Url, "address by which browsers reach the screens; our own when left out"] = (
        ""
    )
    oidc_issuer: Annotated[
        Url, "OpenID provider by which people sign in to the screens: https://…"
    ] = ""
    oidc_client_id: Annotated[Text, "what the provider calls this server"] = ""
    oidc_client_secret: Annotated[Text, "secret that the provider gave this server"] = field(
        default="", repr=False
    )
    oidc_client_secret_file: Annotated[Text, "file that holds that secret"] = ""
    oidc_people: Annotated[Text, "file that says what people who sign in may see (TOML)"] = ""
    ingest_workers: Annotated[
        Count, "processes that take spans in on the same ports, each with a spool of its own"
    ] = 1
    channels: Annotated[Text, "file of the channels on which alerts are told (TOML)"] = ""
    channel_commands: Annotated[
        Names, "programs, each with its whole path, that channels of the kind command may run"
    ] = ()
    alert_proof_s: Annotated[
        Seconds, "how often the path of alerts is proven by a synthetic one; 0: never"
    ] = 86400.0
    watch_key: Annotated[
        Text, "API key with which alerts are delivered: admin, of every project"
    ] = field(default="", repr=False)
    max_body_bytes: Annotated[Size, "largest request, after decompression"] = 64 << 20
    max_request_spans: Annotated[Count, "most spans or log records in a request"] = 20_000
    max_request_elements: Annotated[Count, "most fields in a request, however small they are"] = (
        500_000
    )
    max_header_bytes: Annotated[Size, "largest header section of a request"] = 16 << 10
    max_headers: Annotated[Count, "most headers of a request"] = 100
    max_connections: Annotated[Count, "most HTTP connections to ingest at once"] = 256
    max_in_flight_bytes: Annotated[Size, "most bytes of requests in memory; 503 above it"] = (
        256 << 20
    )
    header_timeout_s: Annotated[Seconds, "how long the headers of a request may take"] = 10.0
    body_timeout_s: Annotated[
        Seconds, "how long a body may take, and a second more for each 100 KiB of it"
    ] = 30.0
    key_requests_per_s: Annotated[Seconds, "requests a second of one key; 429 above it, 0: any"] = 0
    key_bytes_per_s: Annotated[Seconds, "bytes a second of one key; 429 above it, 0: any"] = 0
    spool_max_bytes: Annotated[Size, "largest spool; ingest answers 503 above 90 % of it"] = (
        10 << 30
    )
    spool_keep_s: Annotated[Seconds, "how long the spool keeps what is stored already"] = 3600.0
    drain_spans: Annotated[Count, "most spans written to the store at once"] = 10_000
    max_models_per_day: Annotated[
        Count, "most models that totals tell apart, in a project and day of UTC; then __other__"
    ] = 1000
    max_tags_per_day: Annotated[
        Count, "most keys of tags that totals tell apart, in a project and day; then __other__"
    ] = 200
    drain_wait_s: Annotated[Seconds, "pause between two rounds, unless a full one waits"] = 0.5
    redact: Annotated[
        Names, "words to take out before anything is kept: api_keys, cards, emails"
    ] = ()
    redact_rules: Annotated[Text, "file with redaction rules of your own (TOML)"] = ""
    estimate: Annotated[
        Names, "projects whose calls get estimated tokens where they report none; * for all"
    ] = ()
    forward: Annotated[
        Names, "OTLP/HTTP endpoints to send everything accepted on to: https://host, …"
    ] = ()
    forward_headers: Annotated[
        Text, "file with the headers of each of them (TOML), their keys among them"
    ] = ""
    stop_s: Annotated[Seconds, "how long a process may take to finish when it is stopped"] = 10.0

    @property
    def spool_dir(self) -> Path:
        """Return the folder of the queue that acknowledged spans wait in."""
        return self.data / "spool"

    @property
    def on_loopback(self) -> bool:
        """Tell whether only this machine can reach us."""
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")

    @property
    def keys_demanded(self) -> bool:
        """Tell whether a request without a key is refused."""
        closed = bool(self.oidc_issuer) or not self.on_loopback
        return self.keys == "required" or (self.keys == "auto" and closed)

    @property
    def near_host(self) -> str:
        """Return the address at which this machine reaches what listens on `host`."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def store_shown(self) -> str:
        """Return the store's address as it may be printed: without its password."""
        return hidden(self.store)

    def url(self, port: int) -> str:
        """Return the address of one of our ports, as seen from this machine."""
        return f"http://{bracketed(self.near_host)}:{port}"

    def address(self, port: int) -> str:
        """Return host and port to listen on, as gRPC writes them."""
        return f"{bracketed(self.host)}:{port}"

    def shown(self) -> dict[str, str]:
        """Return every setting as it may be shown to an administrator."""
        shown = {name: hidden(written(getattr(self, name))) for name in declared()}
        return shown | {name: "***" if getattr(self, name) else "" for name in SECRET}

    def environ(self) -> dict[str, str]:
        """Return the variables from which another process loads these very settings."""
        return {variable(f.name): written(getattr(self, f.name)) for f in fields(self)}


def load(overrides: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in force.

    Args:
        overrides: parsed flags by setting name, and `config`; None means "not given".
        environ: the environment, `os.environ` when None.

    Raises:
        SettingInvalid: a value is no good, or the settings file cannot be read.
    """
    environ = os.environ if environ is None else environ
    config = overrides.get("config") or environ.get(f"{PREFIX}CONFIG")
    file = from_file(Path(str(config)).expanduser()) if config else {}
    given = file | from_environ(environ) | from_flags(overrides)
    return completed(Settings(**{name: parse(name, *said) for name, said in given.items()}))


@dataclass(frozen=True, slots=True)
class Declared:
    """What `Settings` says about one setting."""

    read: Callable[[str], Any]
    help: str
    default: object


@cache
def declared() -> dict[str, Declared]:
    """Return every setting by its name, in the order of `Settings`."""
    hints = get_type_hints(Settings, include_extras=True)
    found = {}
    for each in fields(Settings):
        _, read, line = get_args(hints[each.name])
        found[each.name] = Declared(read, line, each.default)
    return found


Given = dict[str, tuple[str, str]]
"""By setting: where it was said ("--http-port", "SPANLEDGER_HTTP_PORT"), and what, as text."""


def failpoints_file() -> Path | None:
    """Return the file that tells where to die, None unless started with `-X failpoints`."""
    named = os.environ.get(f"{PREFIX}FAILPOINTS")
    return Path(named) if named and "failpoints" in sys._xoptions else None


def from_flags(flags: Mapping[str, object]) -> Given:
    """Return the settings among parsed flags; other flags are left alone."""
    said = {name: flags.get(name) for name in declared()}
    return {name: (flag(name), written(v)) for name, v in said.items() if v is not None}


def from_environ(environ: Mapping[str, str]) -> Given:
    """Return the settings that variables give; an empty variable gives none."""
    said = {name: environ.get(variable(name)) for name in declared()}
    return {name: (variable(name), value) for name, value in said.items() if value}


def from_file(path: Path) -> Given:
    """Return the settings in a TOML file of `name = value` lines."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingInvalid(f"settings file {path}: {error}; mend it or leave it out") from error
    for name in said.keys() - declared().keys():
        near = get_close_matches(name, declared(), n=1) or ["`spanledger serve --help`"]
        raise SettingInvalid(f"settings file {path}: no setting is called {name}; see {near[0]}")
    return {name: (f"{path}: {name}", written(value)) for name, value in said.items()}


def parse(name: str, origin: str, value: str) -> Any:
    """Return the value of one setting from its text."""
    try:
        return declared()[name].read(value)
    except ValueError as error:
        shown = "it" if name in SECRET else repr(hidden(value))
        raise SettingInvalid(f"{origin}: {shown} will not do; {error}") from error


def completed(settings: Settings) -> Settings:
    """Return the settings with the folder opened and the derived defaults filled in."""
    refuse_shared_ports(settings)
    refuse_lonely_cluster(settings)
    data = folder(str(settings.data))
    return replace(
        settings,
        data=data,
        store=settings.store or f"chdb://{data / 'store'}",
        api_url=settings.api_url or settings.url(settings.api_port),
    )


def refuse_shared_ports(settings: Settings) -> None:
    """Raise SettingInvalid when two services were given one port."""
    seen: dict[int, str] = {}
    for name in ("http_port", "grpc_port", "api_port", "ui_port"):
        number = getattr(settings, name)
        if number in seen:
            both = f"{flag(seen[number])} and {flag(name)}"
            raise SettingInvalid(f"{both} are both {number}; give one of them another port")
        seen[number] = name


def refuse_lonely_cluster(settings: Settings) -> None:
    """Raise SettingInvalid when a cluster is named and no server of it."""
    if settings.cluster and not settings.store.startswith("http"):
        raise SettingInvalid(
            f"--cluster: {settings.cluster!r} is a cluster of which server?"
            " Give --store http://user:password@host:8123 with it"
        )


def add_flags(parser: ArgumentParser, *wanted: str) -> None:
    """Give `parser` a flag for each setting, or for those named only, and `--config`."""
    parser.add_argument("--config", metavar="FILE", help="settings file (TOML, name = value)")
    for name in wanted or declared():
        default = written(declared()[name].default)
        help_line = declared()[name].help + (f" [{default}]" if default else "")
        metavar = name.rpartition("_")[2].upper()
        parser.add_argument(flag(name), metavar=metavar, help=help_line.replace("%", "%%"))


def from_args(args: Namespace) -> Settings:
    """Return the settings in force for a parsed command line."""
    return load(vars(args))


def flag(name: str) -> str:
    """Return the flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def written(value: object) -> str:
    """Return a value as it is written in a flag, a variable or the help."""
    if isinstance(value, tuple | list):
        return ",".join(str(part) for part in value)
    return str(value)


def bracketed(host: str) -> str:
    """Return a host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def hidden(address: str) -> str:
    """Return an address without the user and password it may hold."""
    return re.sub("//.*@", "//***@", address)
