"""Runs examples as `python -m` does, each in a process forked off one that has imported what most share.

Client libraries take longer to import than an example takes to run. A line of JSON comes in for each
run, its exit code goes out; the child ends as any program does, so that its last spans are sent.
"""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

SHARED = ("openai", "opentelemetry.sdk.trace", "spanledger.configure", "spanledger.start")
ROOT = Path(__file__).parent.parent


class Host:
    """The process that others are forked off."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, name: str, environ: Mapping[str, str], log: Path) -> int:
        """Return how an example ended; what it printed is in the log."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        said = {"name": name, "environ": dict(environ), "log": str(log)}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def hosting() -> Iterator[Host]:
    """Run a host."""
    command = [sys.executable, "-m", "tests.example_host"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Host(process)


def main() -> None:
    """Run what is asked for; in a child, return as soon as it has run."""
    for name in SHARED:
        import_module(name)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            become(job["environ"], job["log"])
            runpy.run_module(f"examples.{job['name']}", run_name="__main__", alter_sys=True)
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def become(environ: Mapping[str, str], log: str) -> None:
    """Take other variables, and other places to read from and write to."""
    os.environ.clear()
    os.environ.update(environ)
    for number, path in enumerate((os.devnull, log, log)):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)


if __name__ == "__main__":
    main()
