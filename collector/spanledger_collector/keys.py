"""API keys: how one is made, written, recognised and handed from the store to ingest.

A key is `spanledger_<8 characters of id>_<43 of secret>_<6 of checksum>`: 256 random bits, of which
only the SHA-256 is kept, with a prefix and a checksum by which scanners find one that leaked. The
table `api_keys` has the truth; the file written here is what ingest reads of it. Knows no HTTP.
"""

import base64
import binascii
import hmac
import os
import secrets
import string
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson

PREFIX = "spanledger"
ALPHABET = string.digits + string.ascii_letters
ID_LENGTH, SECRET_LENGTH, CHECKSUM_LENGTH = 8, 43, 6
LOOK_S = 1.0  # between two looks at the file: a revoked key is refused this much later
EVERY_PROJECT = "*"
DEFAULT_PROJECT = "default"
SHARED = "share:"  # a scope that opens one session, which it names, and nothing else
EVERY_SCOPE = frozenset({"ingest", "read", "admin"})
PROJECT_HEADER = "x-spanledger-project"
SHUT = "the key does not allow this"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: their project, the key or the person that says so, and what they may do."""

    project_id: str = DEFAULT_PROJECT
    key_id: str = ""
    scopes: frozenset[str] = frozenset({"ingest"})
    person: str = ""  # who signed in, '' where a key asks

    @property
    def session(self) -> str | None:
        """Return the only session that a share link may read, None where this is none."""
        shared = (scope for scope in self.scopes if scope.startswith(SHARED))
        return next((scope.removeprefix(SHARED) for scope in shared), None)

    def project(self, named: str | None) -> str:
        """Return whose data they ask for: their project's, or with a key of all the one they name."""
        return self.project_id if self.project_id != EVERY_PROJECT else named or DEFAULT_PROJECT


ANYBODY = Caller(EVERY_PROJECT, "", EVERY_SCOPE)
"""Whoever needs no key: the operator, on the machine itself."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. `expires_s` is a moment in seconds, None for never."""

    id: str
    digest: str  # SHA-256 of the whole token, in hex
    project_id: str
    scopes: tuple[str, ...]
    expires_s: float | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """The live keys, by id."""

    by_id: Mapping[str, Key] = field(default_factory=dict)

    def caller(self, token: str, now_s: float) -> Caller | None:
        """Return who holds this token, None when nobody does any more."""
        key = self.by_id.get(id_of(token))
        # compared also where there is no such key, so that the time it takes says nothing
        same = hmac.compare_digest(digest(token), key.digest if key else digest(""))
        if key is None or not same or (key.expires_s is not None and key.expires_s <= now_s):
            return None
        return Caller(key.project_id, key.id, frozenset(key.scopes))


def new_token() -> str:
    """Return a key that nobody has."""
    said = "_".join((PREFIX, _random(ID_LENGTH), _random(SECRET_LENGTH)))
    return f"{said}_{checksum(said)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def checksum(said: str) -> str:
    """Return the CRC-32 of a key without its checksum, in base 62."""
    rest, digits = zlib.crc32(said.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits += ALPHABET[digit]
    return digits


def well_formed(token: str) -> bool:
    """Tell whether a text is a key, of whatever server: no look-up, no secret."""
    said, _, check = token.rpartition("_")
    parts = said.split("_")
    lengths = [len(part) for part in parts]
    return lengths == [len(PREFIX), ID_LENGTH, SECRET_LENGTH] and check == checksum(said)


def id_of(token: str) -> str:
    """Return the public part of a key, '' when it is none."""
    return token.split("_")[1] if well_formed(token) else ""


def digest(token: str) -> str:
    """Return what is kept of a key. Of 256 random bits a plain hash gives nothing away."""
    return sha256(token.encode()).hexdigest()


def offered(authorization: str) -> str:
    """Return the key in an `Authorization` header, '' when there is none.

    `Bearer KEY`, or `Basic` with the key as the password, as clients of Langfuse send it.
    """
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def keys_file(data: Path) -> Path:
    """Return where the store writes the keys for ingest."""
    return data / "keys.json"


class KeyFile:
    """The keys that are good now, as ingest and the query API see them."""

    def __init__(self, file: Path) -> None:
        """Read the keys in `file`, and again whenever it changes."""
        self._file = file
        self._keys = Keys()
        self._stamp: tuple[int, int] | None = None
        self._look_at_s = 0.0

    def live(self) -> Keys:
        """Return the keys as the file says, which is looked at once a second."""
        now_s = time.monotonic()
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_S
            self._look()
        return self._keys

    def _look(self) -> None:
        try:
            state = self._file.stat()
        except FileNotFoundError:
            self._keys, self._stamp = Keys(), None
            return
        if (stamp := (state.st_mtime_ns, state.st_ino)) != self._stamp:
            self._keys, self._stamp = read_keys(self._file), stamp


def write_keys(file: Path, keys: Iterable[Key]) -> None:
    """Replace the file, durably and in one step: a reader sees the old keys or the new ones."""
    listed = [
        {
            "id": key.id,
            "digest": key.digest,
            "project_id": key.project_id,
            "scopes": key.scopes,
            "expires_s": key.expires_s,
        }
        for key in keys
    ]
    new = file.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(orjson.dumps(listed))
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def read_keys(file: Path) -> Keys:
    """Return the keys in the file that `write_keys` made, none before there is one."""
    if not file.exists():
        return Keys()
    listed = orjson.loads(file.read_bytes())
    keys = (Key(**{**each, "scopes": tuple(each["scopes"])}) for each in listed)
    return Keys({key.id: key for key in keys})
