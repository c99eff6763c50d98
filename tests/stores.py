"""Marks for tests that are run on certain kinds of store."""

import pytest

both_stores = pytest.mark.parametrize("dsn", ["chdb", "http"], indirect=True)
"""Embedded, then over HTTP: for the one test of a module that goes the whole way."""
