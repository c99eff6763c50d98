"""How Streamlit is run: nothing leaves the machine, nothing of its insides is shown to readers."""

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from unittest.mock import Mock

import httpx
import pytest
import streamlit
from streamlit.components.v2.component_manager import BidiComponentManager

from spanledger_ui import components
from spanledger_ui.run import flags, keep_to_our_components
from tests.ports import free_port

START_S = 60
WANTED = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1", "::1", "127.0.0.1", "spans.example"],
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.maxUploadSize": 1,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "viewer",
    "client.disableDataExport": True,
}


def test_the_flags_are_those_that_keep_readers_apart_and_the_machine_quiet():
    given = flags("127.0.0.1", 8501, ["spans.example"])
    assert {name: given[name] for name in WANTED} == WANTED


def test_streamlit_knows_every_flag_it_is_given():
    for name in flags("127.0.0.1", 8501, []):
        streamlit.get_option(name)  # an upgrade that renames one must not lose it silently


def test_no_package_is_read_in_search_of_components(monkeypatch: pytest.MonkeyPatch):
    packages = Mock(return_value=[])
    monkeypatch.setattr(metadata, "distributions", packages)
    keep_to_our_components()
    BidiComponentManager().discover_and_register_components(start_file_watching=False)
    packages.assert_not_called()


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a client of running screens."""
    port = free_port()
    given = ["--data", str(tmp_path_factory.mktemp("screens")), "--ui-port", str(port)]
    with (
        subprocess.Popen([sys.executable, "-m", "spanledger_collector", "ui", *given]) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=False) as client,
    ):
        give_up = time.monotonic() + START_S
        while not healthy(client):
            assert process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.1)
        yield client
        process.terminate()


def healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/_stcore/health").status_code == 200
    except httpx.TransportError:
        return False


def test_every_page_may_load_nothing_from_elsewhere_and_be_framed_by_nobody(screens: httpx.Client):
    headers = screens.get("/").headers
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


def test_a_browser_keeps_our_modules_for_good_and_what_is_missing_not_at_all(
    screens: httpx.Client,
):
    assert [
        screens.get(f"/{path}").headers.get("cache-control")
        for path in (components.files("ledger")[0], f"{components.assets()}/ledger/gone.mjs")
    ] == ["public, max-age=31536000, immutable", None]


CLOSED = ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/component/..%2f..%2fetc/passwd")


@pytest.mark.parametrize("path", CLOSED)
def test_what_is_none_of_a_readers_business_is_not_served(screens: httpx.Client, path: str):
    assert screens.get(path).status_code in {400, 404}


def test_a_file_from_another_page_is_not_taken(screens: httpx.Client):
    path = "/_stcore/upload_file/some-session/some-file"
    answer = screens.put(path, files={"file": b"x"})
    assert answer.status_code in {400, 403}
