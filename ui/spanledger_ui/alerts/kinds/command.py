"""A command of the operator's own: what is told comes to it on its input, as a webhook's body.

No shell: the arguments are those of the file of channels, and nothing that is told is among them. It
runs in an empty environment and in the root folder, and is killed with all it started when its time
is over. What it prints is not kept. Exit code 75 (EX_TEMPFAIL of sysexits.h) asks to be tried again;
any other but 0 is final.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from spanledger_ui.alerts.kinds.webhook import body_of
from spanledger_ui.alerts.message import Message
from spanledger_ui.alerts.transport import TransportError

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All that a command finds in its environment: nothing of ours, which may hold keys."""

LONGEST_S = 300


@dataclass(frozen=True, slots=True)
class Command:
    """A program of this machine, and what it is called with."""

    groups: ClassVar[bool] = False

    argv: tuple[str, ...]
    timeout_s: int = 30

    def __post_init__(self) -> None:
        program = Path(self.argv[0] if self.argv else "")
        if not program.is_absolute() or not os.access(program, os.X_OK) or program.is_dir():
            raise ValueError(f"argv: {str(program)!r}; give the whole path of a program first")
        if not 1 <= self.timeout_s <= LONGEST_S:
            raise ValueError(f"timeout_s: give 1 to {LONGEST_S}")

    def notify(self, messages: Sequence[Message]) -> None:
        """Run the command for each message."""
        for message in messages:
            judge(self.run(body_of(message), message.id))

    def run(self, body: bytes, id_: str) -> int:
        """Return the exit code of one run.

        Raises:
            TransportError: it could not be started, or did not end in time.
        """
        try:
            process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, cwd="/", env=ENVIRONMENT | {"SPANLEDGER_MESSAGE_ID": id_},
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise TransportError("not_started") from error
        try:
            process.communicate(body, self.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TransportError("timeout") from error
        finally:
            end(process)
        return process.returncode


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a command and what it left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def judge(code: int) -> None:
    """Raise TransportError unless an exit code says that the message was taken."""
    if code == 0:
        return
    if code < 0:
        raise TransportError(f"signal_{-code}")
    raise TransportError(f"exit_{code}", permanent=code != os.EX_TEMPFAIL)
