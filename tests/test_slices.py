"""Short turns at a core, as Linux says that a thread has them."""

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from spanledger_collector.slices import ATTRIBUTES, TURN_NS

ROOT = Path(__file__).parent.parent
GET = {"x86_64": 315, "aarch64": 275}  # sched_getattr

ASKING = """
import os, threading
from spanledger_collector.slices import take_short_turns
from tests.test_slices import turn_ns
os.nice(3)
take_short_turns()
found = []
other = threading.Thread(target=lambda: found.append(turn_ns()))
other.start(), other.join()
print(turn_ns(), *found, os.nice(0))
"""


def turn_ns() -> int:
    """Return how long turns of this thread may be, 0 where Linux does not tell."""
    said = ctypes.create_string_buffer(ATTRIBUTES.size)
    ctypes.CDLL(None).syscall(GET[platform.machine()], 0, said, ATTRIBUTES.size, 0)
    *_, runtime_ns, _, _ = ATTRIBUTES.unpack(said.raw)
    return int(runtime_ns)


TOLD = platform.system() == "Linux" and platform.machine() in GET and turn_ns() > 0


@pytest.mark.skipif(not TOLD, reason="Linux tells from 6.12 on")
def test_a_thread_and_those_it_starts_take_short_turns_and_stay_as_nice_as_they_were():
    told = subprocess.check_output([sys.executable, "-c", ASKING], text=True, cwd=ROOT)
    assert told.split() == [str(TURN_NS), str(TURN_NS), "3"]
