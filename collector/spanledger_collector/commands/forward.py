"""Send what was accepted on to further OTLP endpoints; part of `spanledger serve --forward URL`."""

from argparse import ArgumentParser, Namespace

from spanledger_collector import process
from spanledger_collector.forward import forwarding


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Forward until stopped."""
    settings = process.begin(args)
    if not settings.forward:
        raise process.Refused("--forward names no target; give an address such as http://host:4318")
    return forwarding.serve(settings)
