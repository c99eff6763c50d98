"""Take OTLP in and keep it durable; part of `spanledger serve`."""

from argparse import ArgumentParser, Namespace

from spanledger_collector import process


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)
    parser.add_argument(
        "--worker",
        type=int,
        default=1,
        metavar="N",
        help="which of the --ingest-workers this one is; each writes a spool of its own [1]",
    )


def run(args: Namespace) -> int:
    """Serve until stopped."""
    settings = process.begin(args, "http_port", "grpc_port", shared=True)
    if not 1 <= args.worker <= settings.ingest_workers:
        raise process.Refused(
            f"--worker {args.worker}: there are {settings.ingest_workers} of them;"
            " give more with --ingest-workers"
        )
    with process.importing():  # which takes a while: what is refused, is so at once
        from spanledger_collector import receive

    return receive.serve(settings, args.worker)
