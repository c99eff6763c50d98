"""A spool under everything that may happen to it, against a list of what was acknowledged.

Requests come in, the process that writes the spool is killed or stopped, also between the commit
and the answer, the store reads, confirms, or dies before it does, and the disk's share fills up.
Whatever the order: what was acknowledged and not confirmed is there, once, in order, and nothing
is there that nobody sent.
"""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from spanledger_collector.spool import Batch, Cursor, Reader
from tests.parts import context
from tests.spool_keeper import ROOM_BYTES, keep

ALL = 10**9
sizes = st.lists(st.integers(1, 20_000), min_size=1, max_size=4)


class SpoolMachine(RuleBasedStateMachine):
    """One spool; `waiting` is what it must hold, `kept` how much it ever acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "0001.spool"
        self.waiting: list[bytes] = []
        self.sent = self.kept = 0

    @initialize()
    def open(self) -> None:
        self.start()
        self.reader, self.cursor = Reader(self.path), Cursor(self.path)

    def start(self) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=keep, args=(self.path, theirs))
        self.process.start()
        theirs.close()
        self.pipe.recv()

    def bodies(self, lengths: Iterable[int]) -> list[bytes]:
        """Return bodies of these lengths, each different and none to be packed any smaller."""
        made = [Random(self.sent + n).randbytes(length) for n, length in enumerate(lengths)]
        self.sent += len(made)
        return [b"%d " % (self.sent + n) + body for n, body in enumerate(made)]

    def answered(self, bodies: list[bytes]) -> list[bytes]:
        """Return the refused of some bodies, once each is answered; the others are to be kept."""
        refused = []
        for body in bodies:
            if code := self.pipe.recv():
                assert code == "spool_full"
                refused.append(body)
            else:
                self.waiting.append(body)
                self.kept += 1
        return refused

    def found(self, items: int = ALL) -> list[Batch]:
        return self.reader.read_from(self.cursor.position(), max_items=items, max_bytes=ALL)

    @rule(lengths=sizes)
    def append(self, lengths: list[int]) -> None:
        self.pipe.send(bodies := self.bodies(lengths))
        self.answered(bodies)

    @rule(lengths=sizes, answers=st.integers(0, 4))
    def kill_while_it_answers(self, lengths: list[int], answers: int) -> None:
        self.pipe.send(bodies := self.bodies(lengths))
        self.answered(bodies[:answers])
        self.kill()
        there = [each.body for each in self.found()]
        assert there[: len(self.waiting)] == self.waiting
        unsure, more = iter(bodies[answers:]), there[len(self.waiting) :]
        assert all(body in unsure for body in more)  # of these, in this order, each once
        self.waiting += more
        self.kept += len(more)

    @rule()
    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.start()

    @rule()
    def stop_and_start(self) -> None:
        self.pipe.send(None)
        self.pipe.recv()
        self.process.join()
        self.start()

    @rule(items=st.integers(1, 9))
    def drain(self, items: int) -> None:
        if found := self.found(items):
            assert [each.body for each in found] == self.waiting[: len(found)]
            self.cursor.confirm(found[-1].seq, stored=len(found))
            del self.waiting[: len(found)]

    @rule(items=st.integers(1, 9))
    def read_and_die(self, items: int) -> None:
        self.found(items)
        self.cursor.close()
        self.cursor = Cursor(self.path)

    @rule(length=st.integers(8_000, 20_000))
    def fill_up_and_make_room(self, length: int) -> None:
        for _ in range(ROOM_BYTES // length + 2):
            self.pipe.send(bodies := self.bodies([length]))
            if self.answered(bodies):
                break
        else:
            raise AssertionError("took more than there is room for")
        self.drain(ALL)
        refused = bodies
        while refused:  # as a client does, until what is stored has been forgotten
            self.pipe.send(refused)
            refused = self.answered(refused)

    @invariant()
    def what_was_acknowledged_is_there_and_nothing_else(self) -> None:
        assert [each.body for each in self.found()] == self.waiting
        stats, pending, waiting = self.reader.accounts(self.cursor.position())
        assert (stats.received("traces"), pending["traces"]) == (self.kept, len(self.waiting))
        assert len(waiting) == bool(self.waiting)
        assert self.cursor.tally()["stored"] == self.kept - len(self.waiting)

    def teardown(self) -> None:
        self.process.kill()
        self.process.join()
        self.reader.close()
        self.cursor.close()
        shutil.rmtree(self.folder)
