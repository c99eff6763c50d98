"""A thread's turn at a core: soon, where it is asked for answers that take a fraction of a millisecond.

Linux since 6.12 lets a thread say how long its turns may be. Whoever asks for short ones is put first when it
wakes, gets no more of the cores than before, and needs no rights. Elsewhere nothing happens.
"""

import ctypes
import os
import platform
import struct

SET = {"x86_64": 314, "aarch64": 274}
"""The number of `sched_setattr`, by machine."""
ATTRIBUTES = struct.Struct(
    "IIQiIQQQ"
)  # size, policy, flags, nice, priority, runtime, deadline, period
NORMAL = 0  # the policy that every thread has
TURN_NS = 100_000  # the shortest that Linux knows; 3 ms where nobody asks


def take_short_turns() -> None:
    """Ask for short turns, for this thread and those it starts from now on."""
    number = SET.get(platform.machine())
    if platform.system() != "Linux" or number is None:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)  # it is set too: to what it is
    told = ATTRIBUTES.pack(ATTRIBUTES.size, NORMAL, 0, nice, 0, TURN_NS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, told, 0)  # an older kernel takes no notice or says no
