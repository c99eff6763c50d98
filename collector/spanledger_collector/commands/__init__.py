"""The commands of `spanledger`, one module each.

A command is a file here: its name is the module's, its help the module's docstring. It has
`configure(parser)`, which adds flags, and `run(args) -> int`, which returns the exit code.
"""
