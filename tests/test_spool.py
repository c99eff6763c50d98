"""The spool: what is acknowledged is on the disk, once, in order, and counted."""

import os
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from spanledger_collector.spool import (
    Batch,
    Cursor,
    Held,
    Reader,
    Spool,
    SpoolRefused,
    SpoolUnreadable,
    SpoolUnusable,
    Stats,
    files,
    spools,
    upkeep,
    writer,
)
from tests.faults import damage, make_fsync_fail

Open = Callable[..., Spool]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the spool of a test is."""
    (found,) = spools(tmp_path / "spool")
    return found


@pytest.fixture
def opened(path: Path) -> Iterator[Open]:
    """Return what opens the spool; it is closed after the test, as often as it was opened."""
    made: list[Spool] = []

    def open_spool(**options: Any) -> Spool:
        made.append(Spool(path, **options))
        return made[-1]

    yield open_spool
    for spool in made:
        if spool.refusal != "shutting_down":
            spool.close()


def batch(body: bytes = b"body", items: int = 1, **fields: Any) -> Batch:
    given: dict[str, Any] = {
        "seq": 0,
        "received_ns": 1,
        "project_id": "default",
        "key_id": "",
        "signal": "traces",
        "encoding": "protobuf",
    }
    return Batch(**(given | fields), items=items, body=body)


def keep(spool: Spool, *batches: Batch) -> None:
    """Append batches and wait until they are acknowledged."""
    for future in [spool.append(each) for each in batches]:
        future.result(timeout=30)


def bodies(path: Path) -> list[bytes]:
    """Return every body in a spool."""
    reader = Reader(path)
    found = [each.body for each in reader.read_from(0, max_items=10**9, max_bytes=10**12)]
    reader.close()
    return found


def test_a_batch_comes_back_as_it_was_appended(opened: Open, path: Path):
    sent = batch(
        os.urandom(100_000), 3, received_ns=7, project_id="p", key_id="k", signal="logs",
        encoding="json",
    )  # fmt: skip
    keep(opened(), sent)
    (found,) = Reader(path).read_from(0)
    assert found == batch(
        sent.body, 3, seq=1, received_ns=7, project_id="p", key_id="k", signal="logs",
        encoding="json",
    )  # fmt: skip


def test_an_acknowledged_batch_can_be_read_at_once_by_another_process(opened: Open, path: Path):
    keep(opened(), batch(b"here"))
    script = """
        import sys
        from pathlib import Path
        from spanledger_collector.spool import Reader
        print([each.body for each in Reader(Path(sys.argv[1])).read_from(0)])
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), path], capture_output=True, check=True
    )
    assert said.stdout == b"[b'here']\n"


def test_batches_come_back_in_the_order_of_their_acknowledgement(opened: Open, path: Path):
    spool = opened()

    def append_fifty(who: int) -> None:
        for n in range(50):
            keep(spool, batch(b"%d %d" % (who, n)))

    threads = [threading.Thread(target=append_fifty, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [body.split() for body in bodies(path)]
    assert len(found) == 200
    for who in range(4):
        assert [int(n) for w, n in found if int(w) == who] == list(range(50))


def test_reading_goes_on_after_a_position_and_stops_when_there_is_enough(opened: Open, path: Path):
    keep(opened(), *[batch(b"%d" % n * 10, items=100) for n in range(5)])
    reader = Reader(path)
    assert [b.seq for b in reader.read_from(2)] == [3, 4, 5]
    assert [b.seq for b in reader.read_from(0, max_items=200)] == [1, 2]
    assert [b.seq for b in reader.read_from(0, max_items=1)] == [1]  # never none
    assert [b.seq for b in reader.read_from(0, max_bytes=21)] == [1, 2, 3]
    assert reader.read_from(5) == []
    assert reader.pending(2) == {"traces": 300}


def test_a_reader_may_come_before_the_spool(path: Path, opened: Open):
    reader = Reader(path)
    assert (reader.read_from(0), reader.pending(0)) == ([], Counter())
    keep(opened(), batch(b"late"))
    assert [each.body for each in reader.read_from(0)] == [b"late"]


def test_what_was_read_once_can_be_read_after_the_writer_is_gone(opened: Open, path: Path):
    spool = opened()
    keep(spool, batch(b"kept"))
    spool.close()
    assert bodies(path) == [b"kept"]


def test_sums_go_on_after_a_restart(opened: Open):
    spool = opened()
    spool.append(batch(b"12345", 3), {"trace_id_invalid": 2}).result(30)
    spool.append(batch(b"", 0), {"span_id_invalid": 1}).result(30)
    spool.close()
    spool = opened()
    spool.append(batch(b"1234567", 4, signal="logs"), {"span_id_invalid": 5}).result(30)
    stats = spool.stats()
    assert stats == Stats(
        items=Counter(traces=3, logs=4),
        batches=Counter(traces=1, logs=1),
        bytes=Counter(traces=5, logs=7),
        rejected=Counter(
            {
                ("traces", "trace_id_invalid"): 2,
                ("traces", "span_id_invalid"): 1,
                ("logs", "span_id_invalid"): 5,
            }
        ),
        used_bytes=stats.used_bytes,
    )
    assert (stats.received("traces"), stats.received("logs")) == (6, 9)


def test_a_batch_without_items_is_counted_and_not_kept(opened: Open, path: Path):
    opened().append(batch(items=0), {"trace_id_invalid": 1}).result(30)
    assert bodies(path) == []


def test_a_second_writer_is_refused(opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch):
    opened()
    monkeypatch.setattr(files.lock, "__defaults__", (0.0,))
    with pytest.raises(SpoolUnusable, match=r"0001\.lock is held by another process"):
        Spool(path)


def test_a_second_store_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch):
    cursor = Cursor(path)
    monkeypatch.setattr(files.lock, "__defaults__", (0.0,))
    with pytest.raises(SpoolUnusable, match="held by another process"):
        Cursor(path)
    cursor.close()


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "NETWORK", {files.file_system(tmp_path)})
    with pytest.raises(SpoolUnusable, match="must name a folder on a local disk"):
        files.refuse_network(tmp_path)


def test_the_file_system_of_a_folder_is_that_of_the_deepest_mount():
    assert files.file_system(Path("/proc/self")) == "proc"


def test_a_setting_that_sqlite_ignores_stops_the_start(path: Path, monkeypatch: pytest.MonkeyPatch):
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(files, "PAGE_BYTES", 1000)  # no power of two: left as it was
    with pytest.raises(SpoolUnusable, match="PRAGMA page_size = 1000"):
        files.open_to_write(path, "fsync")


@pytest.mark.parametrize(("durability", "synchronous"), [("fsync", 2), ("os", 1)])
def test_a_commit_waits_for_the_disk_as_it_was_told(
    path: Path, durability: files.Durability, synchronous: int
):
    path.parent.mkdir(parents=True)
    db = files.open_to_write(path, durability)
    assert (db.pragma("journal_mode"), db.pragma("synchronous")) == ("wal", synchronous)
    db.close()


def test_a_damaged_file_is_refused_by_name(opened: Open, path: Path):
    spool = opened()
    keep(spool, *[batch(os.urandom(50_000)) for _ in range(20)])
    spool.close()
    with path.open("r+b") as file:
        file.seek(files.PAGE_BYTES)
        file.write(b"\xff" * files.PAGE_BYTES)
    with pytest.raises(SpoolUnusable, match=r"0001\.spool"):
        Spool(path)


def test_a_body_that_the_disk_changed_is_named_and_the_rest_comes(opened: Open, path: Path):
    spool = opened()
    keep(spool, *[batch(os.urandom(100_000)) for _ in range(3)])
    spool.close()
    db = apsw.Connection(str(path))
    db.execute("UPDATE batch SET crc32 = crc32 + 1 WHERE seq = 2")
    db.close()
    found = Reader(path).read_from(0)
    assert [(b.seq, b.damage, len(b.body)) for b in found] == [
        (1, "", 100_000),
        (2, "crc_mismatch", 0),
        (3, "", 100_000),
    ]


def test_the_store_notes_how_far_it_has_come(opened: Open, path: Path):
    keep(opened(), *[batch(b"%d" % n, items=10) for n in range(3)])
    cursor = Cursor(path)
    assert cursor.position() == 0
    cursor.confirm(1, stored=10)
    (_, bad) = Reader(path).read_from(1)
    cursor.confirm(
        3, stored=5, records=2, unlinked=1, quarantined=[Held(bad, "malformed_protobuf")]
    )
    cursor.close()

    cursor = Cursor(path)
    assert cursor.position() == 3
    assert cursor.tally() == Counter(stored=15, records=2, unlinked=1, quarantined_traces=10)
    cursor.close()


def test_what_was_stored_long_enough_ago_is_forgotten_and_nothing_else(opened: Open, path: Path):
    spool = opened()
    keep(spool, *[batch(b"%d" % n) for n in range(200)])
    cursor = Cursor(path)
    cursor.confirm(150, stored=150)
    cursor.close()
    spool.close()
    db = files.open_to_write(path, "fsync")

    kept = upkeep.Upkeep(db, path, max_bytes=1 << 30, keep_s=3600, flush=False)
    kept.step(idle=True)
    assert len(bodies(path)) == 200  # stored, but not for an hour

    kept = upkeep.Upkeep(db, path, max_bytes=1 << 30, keep_s=0, flush=False)
    while kept.step(idle=True):
        pass
    assert bodies(path) == [b"%d" % n for n in range(150, 200)]
    kept.close()
    db.close()


def test_a_crowded_spool_forgets_what_is_stored_before_its_time(opened: Open, path: Path):
    spool = opened()
    keep(spool, *[batch(os.urandom(20_000)) for _ in range(50)])
    cursor = Cursor(path)
    cursor.confirm(40, stored=40)
    cursor.close()
    spool.close()
    db = files.open_to_write(path, "fsync")
    crowded = upkeep.Upkeep(db, path, max_bytes=1_200_000, keep_s=3600, flush=False)
    before = crowded.refusal
    while crowded.step(idle=False):
        pass
    assert len(bodies(path)) == 10
    crowded.look()
    assert (before, crowded.refusal) == ("spool_full", "")
    crowded.close()
    db.close()


def test_room_that_is_not_needed_is_given_back_to_the_disk(
    opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upkeep, "SPARE_PAGES", 8)
    spool = opened()
    keep(spool, *[batch(os.urandom(200_000)) for _ in range(20)])
    cursor = Cursor(path)
    cursor.confirm(20, stored=20)
    cursor.close()
    spool.close()
    before = path.stat().st_size
    db = files.open_to_write(path, "fsync")
    kept = upkeep.Upkeep(db, path, max_bytes=1 << 30, keep_s=0, flush=False)
    while kept.step(idle=True):
        pass
    kept.close()
    db.close()
    assert path.stat().st_size < before / 4


@pytest.fixture
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have spools look around as often as a test wants to wait."""
    monkeypatch.setattr(upkeep, "LOOK_S", 0.01)
    monkeypatch.setattr(writer, "IDLE_S", 0.01)


@pytest.mark.usefixtures("looking_often")
def test_a_full_spool_refuses_until_there_is_room_again(opened: Open, path: Path):
    spool = opened(max_bytes=1_000_000, keep_s=0)
    keep(spool, *[batch(os.urandom(90_000)) for _ in range(11)])
    wait_for(spool, "spool_full")
    with pytest.raises(SpoolRefused, match="spool_full"):
        keep(spool, batch())
    cursor = Cursor(path)
    cursor.confirm(11, stored=11)
    wait_for(spool, "")
    keep(spool, batch(b"again"))
    cursor.close()
    assert bodies(path) == [b"again"]


def wait_for(spool: Spool, refusal: str) -> None:
    """Wait until the spool's own thread has seen what there is to see."""
    tick = threading.Event()
    while spool.refusal != refusal:
        tick.wait(0.01)


@pytest.mark.parametrize(
    ("disk_bytes", "reserve_bytes"),
    [(100 << 30, 5 << 30), (10 << 30, 1 << 30), (1 << 30, 1 << 29)],
)
def test_a_part_of_the_disk_is_left_to_everybody_else(disk_bytes: int, reserve_bytes: int):
    assert upkeep.reserve_bytes(disk_bytes) == reserve_bytes


@pytest.mark.usefixtures("looking_often")
def test_a_disk_without_its_reserve_is_full(opened: Open, monkeypatch: pytest.MonkeyPatch):
    spool = opened()
    monkeypatch.setattr(upkeep, "reserve_bytes", lambda _: 1 << 62)
    wait_for(spool, "disk_full")
    monkeypatch.undo()
    wait_for(spool, "")
    keep(spool, batch())


def test_when_the_disk_is_full_nothing_is_half_kept_and_it_goes_on_later(opened: Open, path: Path):
    spool = opened()
    keep(spool, batch(b"before"))
    pages = spool._db.pragma("page_count")
    spool._db.pragma("max_page_count", pages + 4)  # SQLite now says what it says on ENOSPC
    with pytest.raises(SpoolRefused, match="disk_full"):
        keep(spool, batch(os.urandom(200_000)))
    assert (bodies(path), spool.stats().items["traces"]) == ([b"before"], 1)
    spool._db.pragma("max_page_count", 1 << 30)
    keep(spool, batch(b"after"))
    assert bodies(path) == [b"before", b"after"]


def test_nothing_is_taken_after_the_end(opened: Open):
    spool = opened()
    spool.close()
    with pytest.raises(SpoolRefused, match="shutting_down"):
        keep(spool, batch())


def test_closing_keeps_what_was_already_waiting(opened: Open, path: Path):
    spool = opened()
    waiting = [spool.append(batch(b"%d" % n)) for n in range(300)]
    spool.close()
    assert [future.exception(timeout=0) for future in waiting] == [None] * 300
    assert bodies(path) == [b"%d" % n for n in range(300)]


def test_who_no_longer_waits_is_not_in_the_way(opened: Open, path: Path):
    spool = opened()
    for n in range(100):
        spool.append(batch(b"left")).cancel()
        keep(spool, batch(b"%d" % n))
    assert [body for body in bodies(path) if body != b"left"] == [b"%d" % n for n in range(100)]


def test_an_fsync_that_fails_shuts_the_spool_for_good(opened: Open, path: Path):
    spool = opened()
    keep(spool, batch(b"before"))
    told = threading.Event()
    spool.on_failure = told.set
    make_fsync_fail(path)
    with pytest.raises(SpoolRefused, match="overloaded"):
        keep(spool, batch(b"not acknowledged"))
    assert told.wait(30)
    with pytest.raises(SpoolRefused, match="overloaded"):
        keep(spool, batch(b"after"))
    spool.close()
    assert bodies(path) == [b"before"]


def test_a_new_spool_beside_an_old_cursor_is_not_mistaken_for_read(opened: Open, path: Path):
    cursor = Cursor(path)
    cursor.confirm(5000, stored=5000)
    keep(opened(), batch(b"new"))
    assert [each.seq for each in Reader(path).read_from(cursor.position())] == [5001]
    cursor.close()


def test_numbers_are_not_used_twice_after_everything_was_forgotten(opened: Open, path: Path):
    spool = opened()
    keep(spool, batch(), batch())
    spool.close()
    db = apsw.Connection(str(path))
    db.execute("DELETE FROM batch")
    db.close()
    keep(opened(), batch())
    assert [each.seq for each in Reader(path).read_from(0)] == [3]


KILLED = """
import os, sys
from pathlib import Path
from spanledger_collector.spool import Batch, Spool
spool = Spool(Path(sys.argv[1]))
number = 0
while True:
    futures = []
    for _ in range(8):
        number += 1
        body = b"%d " % number * 2000
        futures.append(spool.append(Batch(0, 1, "p", "", "traces", "protobuf", 1, body)))
    for future in futures:
        future.result()
    os.write(1, b"%d\\n" % number)
"""


def test_what_was_acknowledged_before_a_kill_is_there_after_it(path: Path, opened: Open):
    child = subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(20):
        acknowledged = int(child.stdout.readline())
    child.kill()
    acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
    child.wait()
    child.stdout.close()

    spool = opened()  # takes the lock of the dead, recovers, and goes on
    assert path.with_suffix(".spool-wal").stat().st_size == 0  # all of it in the file again
    numbers = [int(body.split()[0]) for body in bodies(path)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= acknowledged
    assert spool.stats().items["traces"] == len(numbers)


def test_a_damaged_spool_is_read_to_the_damage(opened: Open, path: Path):
    spool = opened()
    kept = [os.urandom(100_000) for _ in range(20)]
    keep(spool, *map(batch, kept))
    spool.close()
    damage(path)
    reader = Reader(path)
    found = reader.read_from(0, max_bytes=10**9)
    assert 0 < len(found) < 20
    assert [each.body for each in found] == kept[: len(found)]
    with pytest.raises(SpoolUnreadable, match=f"0001.spool after batch {found[-1].seq}"):
        reader.read_from(found[-1].seq)
    reader.close()
