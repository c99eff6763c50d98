"""The tests have no network, and neither has what they start."""

import os
import socket
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import pytest

from tests.offline_site.sitecustomize import is_here, reached


@pytest.mark.parametrize("ask", [socket.gethostbyname, lambda host: socket.getaddrinfo(host, 443)])
def test_a_name_that_is_not_of_this_machine_is_not_looked_up(ask):
    with pytest.raises(socket.gaierror, match="tests have no network"):
        ask("opentelemetry.io")
    assert len(reached) == 1
    reached.clear()  # else this test itself would fail for having asked


def test_an_address_beyond_this_machine_is_not_connected_to():
    with socket.socket() as tried, pytest.raises(OSError, match=r"192\.0\.2\.1"):
        tried.connect(("192.0.2.1", 80))
    assert reached == ["socket.connect 192.0.2.1"]
    reached.clear()


def test_names_that_exist_nowhere_are_refused_without_ado():
    with pytest.raises(URLError, match="no network"):
        urllib.request.urlopen("http://ledger.invalid/", timeout=5)
    assert reached == []


def test_a_python_that_a_test_starts_has_no_network_either():
    asking = "import socket; socket.getaddrinfo('opentelemetry.io', 443)"
    done = subprocess.run(
        [sys.executable, "-c", asking], env=dict(os.environ), capture_output=True, text=True
    )
    assert "tests have no network" in done.stderr


def test_this_machine_is_here_by_all_its_names():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), 5).close()
    assert all(map(is_here, ("", "localhost", "127.0.0.1", "::1", "0.0.0.0")))
    assert not any(map(is_here, ("127a.org", "10.0.0.1", "localhost.com")))
