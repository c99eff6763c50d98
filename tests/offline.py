"""No test reaches beyond this machine: what tries to is refused, and its test fails by name.

A plugin of pytest. Python tells its audit hooks of every look-up and connection before it makes
them; ours lets loopback pass and refuses the rest: in this process, and in every Python that a test
starts with our environment, by the `sitecustomize` on its path. What libraries of C ask by
themselves (gRPC, uvloop, a browser) is out of its sight, and so is a child with an environment of
its own: `make offline` cuts the whole suite off in the kernel.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.offline_site.sitecustomize import reached, refuse_outside

SITE = Path(__file__).parent / "offline_site"


def pytest_configure(config: pytest.Config) -> None:
    """Cut this process off, and the Pythons that it starts."""
    if config.getoption("numprocesses", None):
        return  # it runs no test itself; each of its workers comes here
    sys.addaudithook(refuse_outside)
    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(SITE), *([path] if path else [])])


@pytest.fixture(autouse=True)
def nothing_beyond_this_machine() -> Iterator[None]:
    """Fail a test that asked for another machine, also where the asking was caught."""
    reached.clear()
    yield
    assert reached == []
