"""The ingest process: takes OTLP in, acknowledges what is durable.

Opens the spool, listens, stops in order. Never imports the engine: a crash of the engine costs
queries, not data. What happens to a request stands in `intake`, what HTTP adds in `otlp_http`.
"""

import uvicorn

from spanledger_collector.process import Refused
from spanledger_collector.receive.intake import Intake
from spanledger_collector.receive.otlp_http import OtlpHttp
from spanledger_collector.serving import Server
from spanledger_collector.settings import Settings
from spanledger_collector.spool import Spool, SpoolUnusable, spools

KEEP_ALIVE_S = 75  # longer than the minute between two exports of an idle client
FAILED = 1  # exit code: the disk refused, somebody should look


def serve(settings: Settings) -> int:
    """Take requests in until told to stop; return the exit code.

    Raises:
        Refused: the spool cannot be opened; the message says why.
    """
    spool = opened(settings)
    try:
        listening = server(settings, spool)
        spool.on_failure = listening.stop
        listening.run_until_stopped()
    finally:
        spool.close()
    return FAILED if spool.failed else 0


def opened(settings: Settings) -> Spool:
    """Return the spool that this process writes: the newest there is."""
    try:
        return Spool(
            spools(settings.spool_dir)[-1],
            settings.durability,
            settings.spool_max_bytes,
            settings.spool_keep_s,
        )
    except SpoolUnusable as error:
        raise Refused(str(error)) from error


def server(settings: Settings, spool: Spool) -> Server:
    """Return the HTTP server for a spool, not yet listening."""
    intake = Intake(spool, settings.max_body_bytes)
    config = uvicorn.Config(
        OtlpHttp(intake, {"durability": settings.durability}),
        host=settings.host,
        port=settings.http_port,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(settings.stop_s),
    )
    return Server(config)
