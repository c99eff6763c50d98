"""The `spanledger` command: finds the module of a subcommand and hands it the rest of the line.

Imports the standard library only, so that `spanledger --help` is quick and works in an
installation that has the SDK alone.
"""

import ast
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path

from spanledger_collector import commands
from spanledger_collector.process import Refused, importing
from spanledger_collector.settings import SettingInvalid

COMMANDS = "spanledger.commands"  # entry points: commands that other packages bring, by name
INSTALL = "pip install 'spanledger[collector,ui]'"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; 2 means it was refused, and why is said."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(overview())
        return 0
    if name == "--version":
        print(f"spanledger {version('spanledger')}")
        return 0
    if name not in found():
        return refuse(
            f"no command is called {name!r}{suggestion(name)}; `spanledger --help` lists them"
        )
    try:
        return run(name, arguments[1:])
    except (SettingInvalid, Refused) as error:
        return refuse(str(error))
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("spanledger"):
            raise
        return refuse(f"`{name}` needs {error.name}, which is not installed; run {INSTALL}")


def run(name: str, arguments: Sequence[str]) -> int:
    """Run the command called `name` and return its exit code."""
    with importing():
        command = import_module(brought().get(name, f"{commands.__name__}.{name}"))
    parser = ArgumentParser(
        prog=f"spanledger {name}",
        description=command.__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )
    command.configure(parser)
    code: int = command.run(parser.parse_args(arguments))
    return code


def found() -> dict[str, Path]:
    """Return the file of each command by its name."""
    files = (file for folder in commands.__path__ for file in Path(folder).glob("[a-z]*.py"))
    ours = {file.stem: file for file in files}
    return dict(sorted((ours | {name: source(of) for name, of in brought().items()}).items()))


def brought() -> dict[str, str]:
    """Return the modules of the commands that other packages bring, by name."""
    return {point.name: point.value for point in entry_points(group=COMMANDS)}


def source(module: str) -> Path:
    """Return the file of a module without importing its package."""
    package, _, rest = module.partition(".")
    found = find_spec(package)
    folders = (found and found.submodule_search_locations) or ["."]
    return Path(folders[0], *rest.split(".")).with_suffix(".py")


def overview() -> str:
    """Return the help page: one line for each command, read from its module without running it."""
    lines = [f"  {name:<10} {summary(file)}" for name, file in found().items()]
    return "\n".join(
        [
            "See what your agents did and what it cost.",
            "",
            "usage: spanledger COMMAND [flags]     (spanledger COMMAND --help explains one)",
            "",
            *lines,
        ]
    )


def summary(file: Path) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def suggestion(name: str) -> str:
    """Return the command that was probably meant, as a question."""
    near = get_close_matches(name, found(), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def refuse(sentence: str) -> int:
    """Say why the command was refused and return the exit code for it."""
    print(f"spanledger: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
