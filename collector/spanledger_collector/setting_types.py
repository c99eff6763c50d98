"""What a setting can be: each type is a Python type and the function that reads it from text.

A reader takes what was written in a flag, a variable or a file, and returns the value or raises
ValueError with the way out. It does not know which setting it reads.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
STORES = ("chdb", "http", "https")


def folder(value: str) -> Path:
    """Return an absolute path, with `~` opened."""
    if not value:
        raise ValueError("give a folder")
    return Path(value).expanduser().absolute()


def host(value: str) -> str:
    """Return the address to listen on."""
    if not value or "/" in value:
        raise ValueError("give a host name or address such as 127.0.0.1, without http://")
    return value


def port(value: str) -> int:
    """Return a TCP port."""
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise ValueError("give a port from 1 to 65535")
    return int(value)


def count(value: str) -> int:
    """Return a whole number above zero."""
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ValueError("give a whole number above 0")
    return int(value)


def size(value: str) -> int:
    """Return bytes from `1048576`, `64MiB` or `10 GiB`."""
    digits = value.rstrip("KMGTiB ")
    unit = value[len(digits) :].strip()
    if not digits.isascii() or not digits.isdigit() or unit not in UNITS or int(digits) == 0:
        raise ValueError("give bytes, or a size such as 64MiB or 10GiB")
    return int(digits) * UNITS[unit]


def seconds(value: str) -> float:
    """Return a span of time, in seconds."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError("give seconds, such as 0.25 or 3600")
    return number


def durability(value: str) -> Literal["fsync", "os"]:
    """Return what an acknowledgement waits for."""
    if value == "fsync":
        return "fsync"
    if value == "os":
        return "os"
    raise ValueError("give fsync (survives a power loss) or os (survives a killed process)")


def keys_needed(value: str) -> Literal["auto", "required", "optional"]:
    """Return who needs an API key."""
    if value == "auto":
        return "auto"
    if value == "required":
        return "required"
    if value == "optional":
        return "optional"
    raise ValueError("give auto, required or optional")


def switch(value: str) -> Literal["on", "off"]:
    """Return whether something is there."""
    if value == "on":
        return "on"
    if value == "off":
        return "off"
    raise ValueError("give on or off")


def text(value: str) -> str:
    """Return a text of printable characters, which can stand in a header."""
    if not value.isascii() or not value.isprintable():
        raise ValueError("give it as it was made, in ASCII")
    return value


def names(value: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def store(value: str) -> str:
    """Return the address of a store; '' stands for a chDB folder inside the data folder."""
    parts = urlsplit(value)
    if value and parts.scheme not in STORES:
        raise ValueError("give chdb:///folder or http://user:password@host:8123/database")
    if parts.scheme == "chdb" and not parts.path.strip("/"):
        raise ValueError("name the folder that holds the data, as in chdb:///var/lib/spanledger")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise ValueError("name the server, as in http://user:password@host:8123/database")
    return value


def cluster(value: str) -> str:
    """Return the name of a cluster; '' stands for none."""
    if not re.fullmatch(r"[\w.-]*", value):
        raise ValueError("give its name in remote_servers: letters, digits, _, . and -")
    return value


def url(value: str) -> str:
    """Return the address of an HTTP service, without a slash at its end."""
    if value and urlsplit(value).scheme not in ("http", "https"):
        raise ValueError("give an address such as http://127.0.0.1:4320")
    return value.rstrip("/")


Cluster = Annotated[str, cluster]
Folder = Annotated[Path, folder]
Host = Annotated[str, host]
Port = Annotated[int, port]
Count = Annotated[int, count]
Size = Annotated[int, size]
Seconds = Annotated[float, seconds]
Durability = Annotated[Literal["fsync", "os"], durability]
KeysNeeded = Annotated[Literal["auto", "required", "optional"], keys_needed]
Names = Annotated[tuple[str, ...], names]
Store = Annotated[str, store]
Switch = Annotated[Literal["on", "off"], switch]
Text = Annotated[str, text]
Url = Annotated[str, url]
