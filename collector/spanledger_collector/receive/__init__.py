"""The ingest process: takes OTLP in, acknowledges what is durable.

Opens the spool, listens for HTTP and gRPC on one event loop, stops in order. Never imports the
engine: a crash of the engine costs queries, not data. Of several such workers each has its spool and
its share of the room, and the system deals connections out among them. What happens to a request stands in
`intake`, what a transport adds in `otlp_http` and `otlp_grpc`.
"""

import socket
from functools import cache, partial
from pathlib import Path

import uvicorn

from spanledger_collector.decode import Limits
from spanledger_collector.keys import KeyFile, keys_file
from spanledger_collector.process import Refused, bound
from spanledger_collector.receive.admission import Bounds
from spanledger_collector.receive.asgi import AtOnce, Headers, Reply
from spanledger_collector.receive.connection import Connection, Patience
from spanledger_collector.receive.intake import Intake
from spanledger_collector.receive.keyring import Keyring
from spanledger_collector.receive.otlp_grpc import OtlpGrpc
from spanledger_collector.receive.otlp_http import OtlpHttp
from spanledger_collector.receive.succession import Succession
from spanledger_collector.redact import BadRule, Redaction, load
from spanledger_collector.serving import Server
from spanledger_collector.settings import Settings
from spanledger_collector.slices import take_short_turns
from spanledger_collector.spool import Spool, SpoolUnusable, of_worker

KEEP_ALIVE_S = 75  # longer than the minute between two exports of an idle client
FAILED = 1  # exit code: the disk refused, somebody should look


def serve(settings: Settings, worker: int = 1) -> int:
    """Take requests in as one of the workers until told to stop; return the exit code.

    Raises:
        Refused: the spool cannot be opened; the message says why.
    """
    take_short_turns()  # whoever sends, or asks whether to go on, waits while others compute
    spool = opened(settings, worker)
    try:
        listening = server(settings, spool, worker)
    except BaseException:
        spool.close()
        raise
    succession = Succession(listening.intake, partial(spool_at, settings), listening.stop)
    try:
        listening.run_until_stopped()
    finally:
        succession.close()
    return FAILED if succession.failed else 0


def opened(settings: Settings, worker: int = 1) -> Spool:
    """Return the spool that a worker writes.

    Raises:
        Refused: it cannot be opened; the message says why.
    """
    try:
        return spool_at(settings, of_worker(settings.spool_dir, worker))
    except SpoolUnusable as error:
        raise Refused(str(error)) from error


def spool_at(settings: Settings, path: Path) -> Spool:
    """Return the spool at a path; the workers share the room."""
    room = settings.spool_max_bytes // settings.ingest_workers
    return Spool(path, settings.durability, room, settings.spool_keep_s, targets=settings.forward)


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
        shared = chosen.ingest_workers > 1
        address = chosen.address(chosen.grpc_port)
        grpc = OtlpGrpc(
            self.intake, address, chosen.body_timeout_s, chosen.max_header_bytes, shared
        )
        await grpc.start()
        try:
            await super().serve([bound(chosen, "http_port", shared)] if shared else sockets)
        finally:
            await grpc.stop(chosen.stop_s)


def server(settings: Settings, spool: Spool, worker: int = 1) -> Listening:
    """Return the server for a spool, not yet listening."""
    intake = Intake(
        spool,
        settings.max_body_bytes,
        Limits(items=settings.max_request_spans, elements=settings.max_request_elements),
        Bounds(
            settings.max_in_flight_bytes // settings.ingest_workers,
            settings.key_requests_per_s,
            settings.key_bytes_per_s,
        ),
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
    at_once = {"/api/v1/decide": deciding(intake, settings.data)}
    config = uvicorn.Config(
        OtlpHttp(
            intake,
            {"durability": settings.durability},
            settings.shown(),
            worker if settings.ingest_workers > 1 else 0,
            at_once,
        ),
        host=settings.host,
        port=settings.http_port,
        http=partial(Connection, patience, at_once),  # type: ignore[arg-type]  # it is called and nothing else
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


def deciding(intake: Intake, data: Path) -> AtOnce:
    """Return what answers whether a step may be taken, from what the store process posts in a folder.

    It is loaded with the first question: 3 MB, and 40 ms that only those wait for whose agents ask.
    """

    @cache
    def loaded() -> AtOnce:
        from spanledger_collector.receive.decide_http import DecideHttp

        return DecideHttp(intake, data)

    def answer(method: bytes, headers: Headers, body: bytes) -> Reply:
        return loaded()(method, headers, body)

    return answer
