"""`python -m spanledger …`: the same as the `spanledger` command.

The SDK does not import the server; it asks the installation which function the command is.
"""

import sys
from importlib.metadata import entry_points

if __name__ == "__main__":
    (command,) = entry_points(group="console_scripts", name="spanledger")
    sys.exit(command.load()())
