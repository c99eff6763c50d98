"""Whom the store has forgotten, and what that does to what arrives: words go, the ledger stays.

A round of the drain comes in and leaves masked where it belongs to an erased user, session or
trace; what is stored of a trace that turns out to be theirs is wiped. Ids of users and sessions are
known by their hash only. For the thread that writes.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from spanledger_collector.reading import LinkedRecord, Round
from spanledger_collector.rollup import TraceKey, parameters
from spanledger_collector.store import Store
from spanledger_collector.understand import Understood

TABLES = ("traces", "spans", "payloads", "log_records")  # as `erasure_counts.sql` orders them

ERASED = "erased"  # the flag of a span whose words were taken off

Named = tuple[str, str, str]
"""Project, kind ("user" or "session") and the hash of an id."""


def digest(name: str) -> str:
    """Return what an erased id is recognised by."""
    return sha256(name.encode()).hexdigest()


class Erased:
    """What was erased, as far as the drain has to know. `reload` after it has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._aliases: dict[Named, str] = {}
        self._projects: frozenset[str] = frozenset()
        self.reload()

    def reload(self) -> None:
        """Take over what is stored."""
        rows = list(self._store.rows("erasures"))
        self._projects = frozenset(row["project_id"] for row in rows)
        self._aliases = {
            (row["project_id"], row["kind"], row["subject"]): row["alias"]
            for row in rows
            if row["subject"]
        }

    def alias(self, project_id: str, kind: str, name: str | None) -> str | None:
        """Return what stands for an id since it was erased, None while it was not."""
        return self._aliases.get((project_id, kind, digest(name))) if name else None

    def note(
        self, project_id: str, kind: str, names: Sequence[str], alias: str, at_ns: int
    ) -> None:
        """Write down whom or what is erased: users and sessions by hash, traces by id in hex."""
        count = len(names)
        rows: dict[str, Sequence[Any]] = {
            "project_id": [project_id] * count,
            "kind": [kind] * count,
            "subject": names,
            "alias": [alias] * count,
            "erased_at": [at_ns] * count,
        }
        self._store.insert("erasures", rows)

    def wipe(
        self, project_id: str, at_ns: int, kind: str = "", name: str = "", alias: str = ""
    ) -> dict[str, int]:
        """Take the words off what is stored of the traces that are pending since `at_ns`.

        Returns when nobody can read them any more: how many rows of each table held some. Where a
        kind and an id are given, the alias takes the place of the id.
        """
        which = {"project": project_id, "at_ns": at_ns}
        counts = dict(zip(TABLES, self._store.written("erasure_counts", **which), strict=True))
        for table in TABLES:
            self._store.change(f"erasure_wipe_{table}", **which, kind=kind, id=name, alias=alias)
        self._store.change("erasure_done", **which)
        self.reload()
        return {table: int(column[0]) for table, column in counts.items()}

    def pending(self, project_id: str, at_ns: int) -> list[TraceKey]:
        """Return the traces of one erasure."""
        (ids,) = self._store.written("erasure_traces", project=project_id, at_ns=at_ns) or ((),)
        return [(project_id, trace_id) for trace_id in ids]

    def mask(self, found: Round) -> list[TraceKey]:
        """Take the words off everything erased; return the traces of which that is news.

        Those are wiped first: spans of them may have arrived before it was known whose they are.
        """
        if not self._projects:
            return []
        theirs = dict(self._told(found))
        known = self._known(traces_of(found))
        hidden = known | theirs.keys()
        for u in found.understood:
            if (u.project_id, u.span.trace_id) in hidden:
                self._mask_span(u)
        found.records = [
            self._masked_record(each) if (each[0], each[2].trace_id) in hidden else each
            for each in found.records
        ]
        news = [key for key in theirs if key not in known]
        for key in news:
            self.note(key[0], "pending", [key[1].hex()], theirs[key], at_ns := time.time_ns())
            self.wipe(key[0], at_ns)
        return news

    def missed(self, found: Round) -> list[TraceKey]:
        """Wipe what a stored round still says of those whom another process erased meanwhile.

        Asked after each round where others write too. Whoever erases notes whom and then wipes; we
        store and then look: one of the two sees the other. Returns the traces that are to be counted again.
        """
        self.reload()
        if not self._projects:
            return []
        bare = Round(
            understood=[u for u in found.understood if ERASED not in u.facts.flags],
            records=[each for each in found.records if each[2].body or each[2].attributes],
        )
        told = {key: (kind, name) for key, kind, name in self._names(bare)}
        keys = sorted(self._known(traces_of(bare), being=True) | told.keys())
        for key in keys:
            kind, name = told.get(key, ("", ""))
            alias = self.alias(key[0], kind, name) or ""
            self.note(key[0], "pending", [key[1].hex()], alias, at_ns := time.time_ns())
            self.wipe(key[0], at_ns, kind, name, alias)
        return keys

    def _names(self, found: Round) -> Iterable[tuple[TraceKey, str, str]]:
        """Yield each trace that names somebody erased, with whom it names, as written."""
        said = [
            ((u.project_id, u.span.trace_id), u.facts.user_id, u.facts.session_id)
            for u in found.understood
        ]
        said += [
            ((p, r.trace_id), hint.user_id, hint.session_id) for p, _, r, hint in found.records
        ]
        for key, user, session in said:
            for kind, name in (("user", user), ("session", session)):
                if name and self.alias(key[0], kind, name):
                    yield key, kind, name

    def _told(self, found: Round) -> Iterable[tuple[TraceKey, str]]:
        """Yield the traces that say themselves that they are an erased user's or session's."""
        for key, kind, name in self._names(found):
            yield key, self.alias(key[0], kind, name) or ""

    def _known(self, keys: Iterable[TraceKey], being: bool = False) -> set[TraceKey]:
        """Return which of these traces are known to be erased, or are `being` erased."""
        asked = [key for key in keys if key[0] in self._projects]
        if not asked:
            return set()
        kinds = ["trace", "pending"] if being else ["trace"]
        rows = self._store.written("erased_among", kinds=kinds, **parameters(asked))
        return set(zip(*rows, strict=True))

    def _mask_span(self, u: Understood) -> None:
        """Leave of a span what a bill rests on."""
        facts = u.facts
        facts.preview = facts.error_message = facts.reason = facts.actor = None
        facts.trace_name, facts.tags = None, ()
        facts.user_id = self.alias(u.project_id, "user", facts.user_id) or facts.user_id
        facts.session_id = self.alias(u.project_id, "session", facts.session_id) or facts.session_id
        facts.flags = (*facts.flags, ERASED)

    def _masked_record(self, linked: LinkedRecord) -> LinkedRecord:
        """Return a log record without its words."""
        project_id, received_ns, record, hint = linked
        blank = replace(record, body=None, attributes={})
        named = replace(
            hint,
            user_id=self.alias(project_id, "user", hint.user_id) or hint.user_id,
            session_id=self.alias(project_id, "session", hint.session_id) or hint.session_id,
        )
        return project_id, received_ns, blank, named


def traces_of(found: Round) -> set[TraceKey]:
    """Return the traces that a round tells of."""
    keys = {(u.project_id, u.span.trace_id) for u in found.understood}
    return keys | {(project_id, record.trace_id) for project_id, _, record, _ in found.records}
