"""Fixtures of modules that record: the SDK is configured once for a module, and each test sees its own spans.

A plugin: `pytest_plugins = ["tests.recorder"]` at the head of a module.
"""

from collections.abc import Iterator

import pytest

import spanledger
from tests.sdk import Receiver, configured, receiving


@pytest.fixture(scope="module")
def server() -> Iterator[Receiver]:
    with receiving() as receiver, configured(receiver.url):
        yield receiver


@pytest.fixture
def receiver(server: Receiver) -> Receiver:
    spanledger.flush(5)
    server.bodies.clear()
    return server
