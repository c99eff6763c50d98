"""Run an example without a key and without the network: `python -m examples.offline NAME`.

The model's answers come from `scripts.py`; everything else is real, and what is recorded goes to
the server that `SPANLEDGER_ENDPOINT` names, by default the one on this machine.
"""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

from examples.offline.script import Answered
from examples.offline.scripts import SCRIPTS
from examples.offline.server import answering

ROOT = Path(__file__).parents[2]
ASK_STREAMS = {"SPANLEDGER_STREAM_USAGE": "always"}  # the scripted provider is no OpenAI


def main() -> int:
    """Run one example and return its exit code."""
    parser = ArgumentParser(prog="python -m examples.offline", description=__doc__)
    parser.add_argument("name", choices=SCRIPTS)
    parser.add_argument("--answered", type=Path, help="write what was answered as JSON")
    told = parser.parse_args()
    with answering(SCRIPTS[told.name]) as server:
        environ = {**os.environ, **server.environ(), **ASK_STREAMS}
        command = [sys.executable, "-m", f"examples.{told.name}"]
        code = subprocess.run(command, env=environ, cwd=ROOT, check=False).returncode
        if told.answered:
            said = [billed(answered) for answered in server.answered]
            told.answered.write_text(json.dumps(said), encoding="utf-8")
    return code


def billed(answered: Answered) -> dict[str, object]:
    """Return one answer as JSON can hold it, without the request."""
    whole = asdict(answered)
    del whole["request"]
    return whole


if __name__ == "__main__":
    sys.exit(main())
