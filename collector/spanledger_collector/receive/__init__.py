"""The ingest process: takes OTLP in, acknowledges what is durable.

Opens the spool, listens for HTTP and gRPC on one event loop, stops in order. Never imports the
engine: a crash of the engine costs queries, not data. What happens to a request stands in
`intake`, what a transport adds in `otlp_http` and `otlp_grpc`.
"""

import socket
from functools import partial

import uvicorn

from spanledger_collector.decode import Limits
from spanledger_collector.keys import KeyFile, keys_file
from spanledger_collector.process import Refused
from spanledger_collector.receive.admission import Bounds
from spanledger_collector.receive.connection import Connection, Patience
from spanledger_collector.receive.intake import Intake
from spanledger_collector.receive.keyring import Keyring
from spanledger_collector.receive.otlp_grpc import OtlpGrpc
from spanledger_collector.receive.otlp_http import OtlpHttp
from spanledger_collector.redact import BadRule, Redaction, load
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
            targets=settings.forward,
        )
    except SpoolUnusable as error:
        raise Refused(str(error)) from error


def redaction(settings: Settings) -> Redaction:
    """Return the rules by which words are taken out.

    Raises:
        Refused: one of them will not do; the message names it.
    """
    try:
        return Redaction(load(settings.redact, settings.redact_rules))
    except BadRule as error:
        raise Refused(str(error)) from error


class Listening(Server):
    """HTTP and gRPC over one intake: started together, stopped together."""

    def __init__(self, config: uvicorn.Config, intake: Intake, settings: Settings) -> None:
        super().__init__(config)
        self.intake = intake
        self._settings = settings

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen until told to stop, and finish what is at hand."""
        chosen = self._settings
        address = chosen.address(chosen.grpc_port)
        grpc = OtlpGrpc(self.intake, address, chosen.body_timeout_s, chosen.max_header_bytes)
        await grpc.start()
        try:
            await super().serve(sockets)
        finally:
            await grpc.stop(chosen.stop_s)


def server(settings: Settings, spool: Spool) -> Listening:
    """Return the server for a spool, not yet listening."""
    intake = Intake(
        spool,
        settings.max_body_bytes,
        Limits(items=settings.max_request_spans, elements=settings.max_request_elements),
        Bounds(settings.max_in_flight_bytes, settings.key_requests_per_s, settings.key_bytes_per_s),
        Keyring(KeyFile(keys_file(settings.data)), demanded=settings.keys_demanded),
        redaction=redaction(settings),
    )
    patience = Patience(
        connections=settings.max_connections,
        header_bytes=settings.max_header_bytes,
        headers=settings.max_headers,
        header_s=settings.header_timeout_s,
        body_s=settings.body_timeout_s,
    )
    config = uvicorn.Config(
        OtlpHttp(intake, {"durability": settings.durability}, settings.shown()),
        host=settings.host,
        port=settings.http_port,
        http=partial(Connection, patience),  # type: ignore[arg-type]  # it is called and nothing else
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
    return Listening(config, intake, settings)
