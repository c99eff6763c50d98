"""A command as a channel: real programs of this machine, what reaches them and what does not."""

import json
import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from spanledger_ui.alerts.channels import ChannelInvalid, channel, channels
from spanledger_ui.alerts.kinds.command import Command
from spanledger_ui.alerts.transport import TransportError
from tests.test_channels import FIRED, TITLE


def program(folder: Path, *lines: str) -> str:
    """Return the path of a program that does this."""
    found = folder / "program"
    found.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    found.chmod(0o755)
    return str(found)


def command(*argv: str, **more: Any) -> Any:
    return channel("c", {"kind": "command", "argv": list(argv), **more}, {}).transport


def failure(transport: Any) -> tuple[str, bool]:
    with pytest.raises(TransportError) as caught:
        transport.notify([FIRED])
    return caught.value.code, caught.value.permanent


def alive(pid: int) -> bool:
    """Tell whether a process is neither gone nor a corpse that nobody has fetched yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_command_gets_the_message_on_its_input_and_nothing_of_ours_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SPANLEDGER_WATCH_KEY", "secret")
    run = program(tmp_path, f"cat > {tmp_path}/body", f"env > {tmp_path}/env", f"pwd > {tmp_path}/pwd",
                  f'printf "%s\\n" "$@" > {tmp_path}/args')  # fmt: skip
    command(run, "$(id)", "; id").notify([FIRED])
    assert json.loads((tmp_path / "body").read_text())["data"]["title"] == TITLE
    assert (tmp_path / "args").read_text() == "$(id)\n; id\n"
    assert (tmp_path / "pwd").read_text() == "/\n"
    given = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    theirs = {name: value for name, value in given.items() if name not in ("PWD", "SHLVL", "_")}
    assert theirs == {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SPANLEDGER_MESSAGE_ID": "a-0.1"}


@pytest.mark.parametrize(
    ("line", "told"),
    [("exit 1", ("exit_1", True)), ("exit 75", ("exit_75", False)), ("kill -9 $$", ("signal_9", False))],
    ids=["final", "later", "killed"],
)  # fmt: skip
def test_how_a_command_ends_says_whether_to_try_again(
    tmp_path: Path, line: str, told: tuple[str, bool]
):
    assert failure(command(program(tmp_path, line))) == told


def test_a_command_that_does_not_end_is_killed_with_all_it_started(tmp_path: Path):
    run = program(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child", "wait")
    assert failure(command(run, timeout_s=1)) == ("timeout", False)
    child = int((tmp_path / "child").read_text())
    give_up = time.monotonic() + 30  # what was killed dies once it next gets a core
    while alive(child):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_program_that_is_gone_is_worth_another_try(tmp_path: Path):
    run = program(tmp_path, "true")
    transport = command(run)
    os.unlink(run)
    assert failure(transport) == ("not_started", False)


@pytest.mark.parametrize(
    "said",
    [{"argv": []}, {"argv": ["sh"]}, {"argv": ["/tmp"]}, {"argv": ["/no/such/program"]}, {"argv": "/bin/sh -c id"},
     {"argv": ["/bin/true"], "timeout_s": 0}, {"argv": ["/bin/true"], "shell": True}],
    ids=str,
)  # fmt: skip
def test_a_command_that_cannot_be_meant_is_refused(said: dict[str, Any]):
    with pytest.raises(ChannelInvalid, match="channel c"):
        channel("c", {"kind": "command", **said}, {})


def test_commands_are_off_unless_a_setting_says_otherwise_too(tmp_path: Path):
    file = tmp_path / "channels.toml"
    file.write_text('[desk]\nkind = "command"\nargv = ["/bin/true"]\n')
    with pytest.raises(ChannelInvalid, match="desk: start with --channel-commands /bin/true"):
        channels(file, commands=["/bin/false"])
    assert channels(file, commands=["/bin/true"])["desk"].transport == Command(("/bin/true",))
