"""The API keys in the store: made, listed, revoked, and handed over to ingest as a file.

Runs on the thread that writes (`handover`). Every change is in the audit before it is made. A key
is returned once, when it is made; nobody can be told what it was afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from spanledger_collector.keys import Key, digest, id_of, new_token, write_keys
from spanledger_collector.ledger import audit
from spanledger_collector.moments import SECOND_NS, rfc3339
from spanledger_collector.store import Store
from spanledger_schema.api_access import ApiKey


class NoSuchKey(Exception):
    """No key has this id, or it is revoked already."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A key as it is kept."""

    id: str
    digest: str
    hint: str
    project_id: str
    scopes: tuple[str, ...]
    name: str
    created_ns: int
    expires_ns: int | None
    revoked: bool

    @property
    def shown(self) -> ApiKey:
        """Return what may be shown of it."""
        return ApiKey(
            id=self.id,
            hint=self.hint,
            project_id=self.project_id,
            scopes=list(self.scopes),
            name=self.name,
            created_at=rfc3339(self.created_ns),
            expires_at=None if self.expires_ns is None else rfc3339(self.expires_ns),
            revoked=self.revoked,
        )


def kept(store: Store) -> list[Kept]:
    """Return every key there ever was, oldest first."""
    return [Kept(**{**row, "scopes": tuple(row["scopes"])}) for row in store.rows("api_keys")]


def create(
    store: Store,
    now_ns: int,
    project_id: str,
    scopes: Iterable[str],
    name: str = "",
    expires_ns: int | None = None,
    by: str = "",
) -> tuple[Kept, str]:
    """Make a key; return what is kept of it, and the key itself, which is not."""
    token = new_token()
    made = Kept(
        id=id_of(token),
        digest=digest(token),
        hint=token[-4:],
        project_id=project_id,
        scopes=tuple(sorted(scopes)),
        name=name,
        created_ns=now_ns,
        expires_ns=expires_ns,
        revoked=False,
    )
    write(store, None, made, now_ns, by)
    return made, token


def revoke(store: Store, now_ns: int, key_id: str, by: str = "") -> Kept:
    """Make a key useless for good; return it.

    Raises:
        NoSuchKey: there is none to revoke.
    """
    was = standing(store, key_id)
    write(store, was, became := replace(was, revoked=True), now_ns, by)
    return became


def rotate(
    store: Store, now_ns: int, key_id: str, overlap_s: float, by: str = ""
) -> tuple[Kept, str]:
    """Make a key like another one, which expires after a while; return the new one.

    Raises:
        NoSuchKey: there is none to rotate.
    """
    was = standing(store, key_id)
    made = create(store, now_ns, was.project_id, was.scopes, was.name, was.expires_ns, by)
    end_ns = now_ns + int(overlap_s * SECOND_NS)
    ends_ns = end_ns if was.expires_ns is None else min(end_ns, was.expires_ns)
    write(store, was, replace(was, expires_ns=ends_ns), now_ns, by)
    return made


def standing(store: Store, key_id: str) -> Kept:
    """Return a key that is not revoked."""
    found = next((key for key in kept(store) if key.id == key_id and not key.revoked), None)
    if found is None:
        raise NoSuchKey(no_key(key_id))
    return found


def no_key(key_id: str) -> str:
    """Return the sentence for a key that is not there, or not for the one who asks."""
    return f"no key {key_id!r} to change; `spanledger keys list` shows those there are"


def write(store: Store, was: Kept | None, became: Kept, now_ns: int, by: str) -> None:
    """Write a key as it is now, and before that what changes about it."""
    action = "key revoked" if became.revoked else "key changed" if was else "key created"
    entry = audit.Record(
        at_ns=now_ns,
        action=action,
        subject=became.id,
        was=was and was.shown,
        became=became.shown,
        actor=by,
        project_id=became.project_id,
    )
    audit.write(store, [entry])
    store.insert(
        "api_keys",
        {
            "id": [became.id],
            "digest": [became.digest],
            "hint": [became.hint],
            "project_id": [became.project_id],
            "scopes": [list(became.scopes)],
            "name": [became.name],
            "created_at": [became.created_ns],
            "expires_at": [became.expires_ns],
            "revoked": [became.revoked],
            "changed_at": [now_ns],
        },
    )


def hand_over(store: Store, file: Path, now_ns: int) -> int:
    """Write the live keys where ingest looks for them; return how many there are."""
    live = [
        Key(
            key.id,
            key.digest,
            key.project_id,
            key.scopes,
            None if key.expires_ns is None else key.expires_ns / SECOND_NS,
        )
        for key in kept(store)
        if not key.revoked and (key.expires_ns is None or key.expires_ns > now_ns)
    ]
    write_keys(file, live)
    return len(live)
