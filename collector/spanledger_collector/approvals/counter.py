"""Where agents ask and people answer: the one door to approvals; any thread may come.

What is asked or decided is handed to the thread that writes, and on disk when the answer goes out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import orjson

from spanledger_collector.approvals import table
from spanledger_collector.approvals.approval import Approval
from spanledger_collector.approvals.history import Past, past
from spanledger_collector.approvals.policy import Policy
from spanledger_collector.ledger.audit import as_json
from spanledger_collector.ledger.desk import Desk


class NoApproval(LookupError):
    """Nothing of this id was asked for."""


class AlreadyDecided(ValueError):
    """Somebody decided before, or the time for it is over."""


class OtherCall(ValueError):
    """Another call was asked for under this id: what is said of that one is not said of this."""


class Counter:
    """Approvals and policies of one store process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def now_ns(self) -> int:
        """Return the moment, by the clock of the ledger."""
        return self._desk.clock()

    def policies(self, project_id: str) -> list[Policy]:
        """Return the policies of a project, oldest first."""
        return table.policies(self._desk.store, project_id)

    def change_policy(
        self, project_id: str, id_: str, written: Mapping[str, Any] | None, by: str, note: str
    ) -> None:
        """Let a policy hold from now on, or (None) no longer."""
        self._desk.handover.do(
            lambda drain: table.write_policy(
                drain.store, project_id, id_, written, self.now_ns, by, note
            )
        )

    def preview(self, wanted: Policy, since_ns: int) -> Past:
        """Return what a policy would have been about since a moment; nothing is written."""
        return past(self._desk.store, wanted, since_ns)

    def ask(self, wanted: Approval) -> Approval:
        """Write down that a call waits; asked again under its id, it is as it stands by now.

        Raises:
            OtherCall: it is another tool or has other arguments.
        """

        def work(_: object) -> Approval:
            known = table.approvals(self._desk.store, wanted.project_id, wanted.id)
            if not known:
                table.keep(self._desk.store, wanted)
            elif not is_same(known[0], wanted):
                raise OtherCall(f"{wanted.id}: another call was asked for under this id")
            return (known or [wanted])[0]

        return self._desk.handover.do(work).at(self.now_ns)

    def one(self, project_id: str, id_: str) -> Approval:
        """Return an approval as it stands; raise NoApproval."""
        for found in table.approvals(self._desk.store, project_id, id_):
            return found.at(self.now_ns)
        raise NoApproval(f"nothing was asked for under {id_!r}")

    def all(self, project_id: str, since_ns: int, limit: int) -> Sequence[Approval]:
        """Return what was asked for since a moment, newest first."""
        found = table.approvals(self._desk.store, project_id, "", since_ns, limit)
        return [each.at(self.now_ns) for each in found]

    def decide(
        self, project_id: str, id_: str, verdict: Literal["approved", "denied"], by: str, why: str
    ) -> Approval:
        """Decide for good; raise AlreadyDecided where that was done, or it is too late."""

        def work(_: object) -> Approval:
            waiting = self.one(project_id, id_)
            if waiting.verdict != "pending":
                whose = f" by {waiting.decided_by}" if waiting.decided_by else ""
                raise AlreadyDecided(f"{waiting.tool} {id_}: {waiting.verdict}{whose} already")
            decided = replace(
                waiting, verdict=verdict, decided_by=by, reason=why, decided_ns=self.now_ns
            )
            table.tell(self._desk.store, decided)
            table.keep(self._desk.store, decided)
            return decided

        return self._desk.handover.do(work)


def is_same(known: Approval, wanted: Approval) -> bool:
    """Tell whether a call is the one that was asked for, as far as it is kept."""
    given = orjson.loads(as_json(dict(wanted.arguments)))
    return (known.tool, known.arguments) == (wanted.tool, given)
