"""How much of a value is looked at: depth, items, bytes and time."""

import time

DEPTH = 20
ITEMS = 1_000  # of one container
NODES = 5_000  # of one value
TIME_S = 0.003  # of the thread
LOOK_EVERY = 64  # nodes between two looks at the clock


class Budget:
    """What is left for one value; `spent` says that the rest is left out."""

    __slots__ = ("bytes", "deadline", "nodes", "spent")

    def __init__(self, max_bytes: int) -> None:
        self.bytes = max_bytes
        self.nodes = NODES
        self.deadline = 0.0  # set at the first look: most values are done before
        self.spent = False

    def take(self, size: int) -> None:
        """Count one node of `size` bytes."""
        self.nodes -= 1
        self.bytes -= size
        if self.nodes <= 0 or self.bytes <= 0:
            self.spent = True
        elif self.nodes % LOOK_EVERY == 0:
            now = time.thread_time()  # being put off by the machine is no cost of ours
            self.deadline = self.deadline or now + TIME_S
            self.spent = now > self.deadline
