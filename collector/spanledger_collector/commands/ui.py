"""Show the screens, reading the query API over HTTP; part of `spanledger serve`.

The server does not import the screens: it asks the installation which function serves them.
"""

from argparse import ArgumentParser, Namespace
from importlib.metadata import entry_points

from spanledger_collector import process, signins


def configure(parser: ArgumentParser) -> None:
    """Add the flags."""
    process.flags(parser)


def run(args: Namespace) -> int:
    """Serve until stopped."""
    settings = process.begin(args, "ui_port")
    sign_in = signins.client(settings)
    (screens,) = entry_points(group="spanledger.screens", name="serve")
    with process.importing():
        serve = screens.load()
    serve(
        settings.api_url,
        settings.host,
        settings.ui_port,
        otlp_url=settings.url(settings.http_port),
        allowed_hosts=settings.allowed_hosts,
        api_key=settings.api_key,
        sign_in=sign_in,
    )
    return 0
