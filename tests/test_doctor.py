"""`spanledger doctor` against a real server, without one, and without its key."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from spanledger import doctor
from spanledger.instrument import installed
from spanledger.instrumentors import LIBRARIES, Instrumentor, Library
from spanledger.settings import Settings
from tests.ports import free_port
from tests.sdk import receiving
from tests.serving import Server, serving

Keys = tuple[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doctor")


@pytest.fixture(scope="module")
def keys(folder: Path) -> Keys:
    """Return a key that may send and read, and one that may only send."""
    return new_key(folder, "ingest,read"), new_key(folder, "ingest")


@pytest.fixture(scope="module")
def server(folder: Path, keys: Keys) -> Iterator[Server]:
    with serving(folder, keys="required", screens="off") as running:
        yield running


def new_key(folder: Path, scopes: str) -> str:
    command = ["keys", "create", "--scopes", scopes, "--data", str(folder / "data")]
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", *command],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()[0]


def run(*flags: str, **environ: str) -> tuple[int, list[str]]:
    """Return the exit code and what was found, without the libraries."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", "doctor", *flags],
        env=kept | environ, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    about = {f"{one.name} {installed(one.distribution)}" for one in LIBRARIES}
    said = [re.sub(" +", " ", line) for line in done.stdout.splitlines()]
    return done.returncode, [line for line in said if not any(one in line for one in about)]


def test_a_span_goes_all_the_way_and_is_shown(server: Server, keys: Keys):
    code, said = run("--endpoint", server.otlp, "--api", server.api, SPANLEDGER_KEY=keys[0])
    assert (code, said[:2]) == (
        0,
        [f"ok a server answers at {server.otlp}", "ok the server takes the key"],
    )
    (shown,) = said[2:]
    found = re.fullmatch(r"ok a test span is shown after [0-9.]+ s: session (doctor-\w+)", shown)
    assert found
    asked = {"authorization": f"Bearer {keys[0]}"}
    totals = httpx.get(f"{server.api}/api/v1/sessions/{found[1]}", headers=asked).json()
    assert (totals["spans"], totals["tags"], totals["service"]) == (
        1,
        ["doctor"],
        "spanledger-doctor",
    )


def test_a_key_in_the_variable_of_other_exporters_counts(server: Server, keys: Keys):
    header = f"Authorization=Bearer {keys[0]}"
    code, said = run(
        "--api", server.api, SPANLEDGER_ENDPOINT=server.otlp, OTEL_EXPORTER_OTLP_HEADERS=header
    )
    assert (code, said[1]) == (0, "ok the server takes the key")


def test_a_key_that_may_only_send_is_told_so_and_nothing_is_broken(server: Server, keys: Keys):
    code, said = run("--endpoint", server.otlp, "--api", server.api, "--key", keys[1])
    assert (code, said[2:]) == (
        0,
        [
            "missing a test span was delivered; whether it is shown this key may not see"
            " (403, it needs the scope read)"
        ],
    )


def test_without_a_key_the_server_refuses_and_nothing_more_is_tried(server: Server):
    code, said = run("--endpoint", server.otlp, "--api", server.api)
    assert (code, said[1:]) == (
        1,
        [
            "broken the server refuses a request without a key (401); `spanledger keys create`"
            " makes one, --key or SPANLEDGER_KEY tells it"
        ],
    )


def test_without_a_server_it_says_how_to_start_one():
    nobody = f"http://127.0.0.1:{free_port()}"
    assert run("--endpoint", nobody) == (
        1,
        [
            f"broken nobody answers at {nobody} (ConnectionRefusedError); start a server with"
            " `spanledger serve`, or say where it is with --endpoint"
        ],
    )


def test_an_endpoint_that_is_none_is_refused():
    code, said = run("--endpoint", "localhost:4318")
    assert (code, said) == (
        1,
        ["broken endpoint: it is no http:// or https:// address; see docs/sdk.md"],
    )


def test_a_switch_that_turns_all_off_is_found():
    assert run(OTEL_SDK_DISABLED="true") == (
        1,
        ["broken SPANLEDGER_DISABLED or OTEL_SDK_DISABLED is set: nothing is recorded"],
    )


def test_a_server_that_never_shows_the_span_is_broken(server: Server, keys: Keys):
    with receiving() as elsewhere:  # it takes spans and shows nothing
        told = Settings(endpoint=server.otlp, key=keys[0])
        found = doctor.shown(elsewhere.url, doctor.identity(told), "s", time.monotonic(), 0.3)
    assert (found.state, found.said.partition(" at ")[0]) == (
        "broken",
        "a test span was delivered, but is not shown",
    )


def test_a_library_that_nothing_records_is_told_with_what_would():
    nobody = Instrumentor("no-such-package", "no.such:Class", "")
    found = doctor.recorded(Library("pytest", "pytest", "pytest", (nobody,), extra="test"))
    assert (found.state, found.said) == (
        "missing",
        f"pytest {installed('pytest')} is recorded by nothing; pip install 'spanledger[test]'",
    )


def test_an_installation_without_any_library_says_so():
    (found,) = doctor.libraries([])
    assert found.said == (
        "no library that calls models is installed here; what you decorate is recorded"
    )
