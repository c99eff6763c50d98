"""Take OTLP in and keep it durable; part of `spanledger serve`."""

from argparse import ArgumentParser, Namespace

from spanledger_collector import process, receive


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Serve until stopped."""
    return receive.serve(process.begin(args, "http_port", "grpc_port"))
