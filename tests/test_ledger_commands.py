"""`spanledger prices`, `reprice` and `verify` against a server as people start it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from spanledger_collector.commands.prices import differences
from spanledger_collector.commands.reprice import readable as repriced
from spanledger_collector.commands.verify import readable as verified
from tests.finance import call
from tests.otlp import traces
from tests.ports import free_port
from tests.serving import Server, serving

FILE = """
prices:
  - id: llama
    provider: vllm
    model: llama-3.3-70b
    usd_per_mtok: {input: "0.10", output: "0.40"}
"""


DAMAGE = """
import sys
from spanledger_collector.store import Store

store = Store(sys.argv[1])
traces = store.columns("stored_traces", project="default", after="00" * 16, limit=1)[0]
keys = {"project_id": ["default"], "trace_id": traces, "ver": [1 << 100], "cost_usd": [7]}
store.insert("traces", keys)
store.close()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that has three calls without a price, of the last three days."""
    with serving(tmp_path_factory.mktemp("server"), screens="off") as found:
        body = traces(*(call(n, days_ago=n, now_ns=time.time_ns()) for n in (1, 2, 3)))
        headers = {"content-type": "application/x-protobuf"}
        urlopen(Request(f"{found.otlp}/v1/traces", body, headers), timeout=30).close()
        found.settle()
        yield found


def spanledger(server: Server | None, *words: str) -> tuple[int, str]:
    """Return the exit code of a command, and what it printed."""
    where = server.api if server else f"http://127.0.0.1:{free_port()}"
    done = subprocess.run(
        [sys.executable, "-m", "spanledger_collector", words[0], "--api-url", where, *words[1:]],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SPANLEDGER_DATA": "/tmp/unused"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_price_file_is_shown_taken_in_carried_into_the_past_and_the_books_balance(
    server: Server, tmp_path: Path
):
    file = tmp_path / "prices.yaml"
    file.write_text(FILE)
    week = ("reprice", "--from", f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%d}")
    assert spanledger(server, "prices") == (
        0, "No prices of your own: the catalogue alone decides. Add them with `import`.\n"
    )  # fmt: skip
    code, said = spanledger(server, "prices", "import", str(file))
    assert (code, said.splitlines()[0]) == (0, "added     price llama")
    assert said.endswith("Nothing is written yet: say --yes.\n")
    assert spanledger(server, *week)[1].startswith("Nothing to change")

    assert spanledger(server, "prices", "import", "--yes", "--note", "deal", str(file))[0] == 0
    assert spanledger(server, "prices", "export", "--json")[1].count('"llama"') == 1
    assert "llama  holds  vllm      llama-3.3-70b" in spanledger(server, "prices", "list")[1]
    code, dry = spanledger(server, *week, "--dry-run")
    assert (code, dry.splitlines()[1].split()) == (
        0, ["vllm/llama-3.3-70b", "3", "0", "0.00114", "0.00114", "3", "0"]
    )  # fmt: skip
    assert "3 spans in 3 traces would be rewritten" in dry
    assert "3 spans in 3 traces were rewritten" in spanledger(server, *week)[1]
    assert spanledger(server, *week, "--only", "all")[1].startswith("Nothing to change")

    code, said = spanledger(server, "verify")
    assert (code, said.splitlines()[-1]) == (
        0, "All identities hold: 3 traces, 3 spans counted again."
    )  # fmt: skip
    assert "received 3, rejected 0, stored 3, pending 0, quarantined 0" in said


REFUSED = [
    (("reprice", "--from", "yesterday"), "'yesterday' is no moment; write 2026-11-01"),
    (("reprice",), "--from"),
    (("prices", "import", "none.yaml"), "none.yaml: No such file or directory"),
]


def test_what_a_command_cannot_do_it_says(server: Server, tmp_path: Path):
    for words, said in REFUSED:
        code, printed = spanledger(server, *words)
        assert (code, said in printed) == (2, True), printed
    file = tmp_path / "bad.yaml"
    file.write_text("prices: [{id: a, provider: p, model: m, usd_per_mtok: {input: x}}]")
    code, printed = spanledger(server, "prices", "import", str(file))
    assert (code, "row a, field usd_per_mtok.input" in printed) == (2, True)


def test_books_that_do_not_balance_are_an_exit_code(server: Server):
    """Stops the server meanwhile, so that somebody else can get at its database."""
    assert server.stop() == 0
    command = [sys.executable, "-c", DAMAGE, server.settings.store]
    subprocess.run(command, check=True, timeout=60)
    server.start()
    code, said = spanledger(server, "verify")
    assert (code, "cost_usd is 7.000000000000, its spans say" in said) == (1, True)
    assert said.splitlines()[-1].startswith("The books do not balance: 3 traces")


def test_without_a_server_every_one_of_them_says_so_in_one_sentence():
    for words in (("verify",), ("prices",), ("reprice", "--from", "2026-11-01")):
        code, said = spanledger(None, *words)
        assert code == 2
        assert said.startswith("spanledger: no server answers at http://127.0.0.1:")
        assert said.count("\n") == 1
        assert "start one with `spanledger serve`" in said


def test_an_identity_that_differs_is_marked_with_what_is_wrong():
    identity = {
        "name": "traces = recomputed", "holds": False, "figures": {"traces": "2"},
        "differences": ["aa: cost_usd is 1, its spans say 2"],
    }  # fmt: skip
    assert verified(identity).splitlines() == [
        "DIFFERS traces = recomputed", "        traces 2",
        "        ! aa: cost_usd is 1, its spans say 2",
    ]  # fmt: skip


def test_a_changed_price_shows_what_was_and_what_is():
    changed = {"kind": "price", "id": "a", "change": "changed",
               "before": {"id": "a", "multiplier": "1", "note": "x"},
               "after": {"id": "a", "multiplier": "2"}}  # fmt: skip
    said = differences({"changes": [changed], "unchanged": 4, "dry_run": False})
    assert said.splitlines() == [
        "changed   price a", "  - multiplier: 1", "  + multiplier: 2", "  - note: x",
        "1 changed, 4 unchanged",
    ]  # fmt: skip


def test_a_repricing_without_effect_is_a_sentence():
    assert repriced({"spans": 0}) == (
        "Nothing to change: every call is billed as the prices stand now."
    )


def test_a_call_is_priced_as_the_running_server_would(server: Server, tmp_path: Path):
    file = tmp_path / "prices.yaml"
    file.write_text(FILE.replace("llama", "house"))
    asked = ["price", "house-3.3-70b", "--provider", "vllm", "--input", "3000", "--output", "200"]
    assert spanledger(server, *asked)[0] == 1  # the lists do not have it
    assert spanledger(server, "prices", "import", str(file), "--yes")[0] == 0
    code, said = spanledger(server, *asked, "--server")
    assert (code, said.splitlines()[-2].split()) == (0, ["total", "0.00038"])
    code, said = spanledger(None, *asked, "--server")
    assert (code, "no server answers" in said) == (2, True)
