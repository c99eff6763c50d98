"""OTLP over gRPC: calls in, answers out, by the same intake as over HTTP.

Takes the bytes of a message as they are: were grpcio to parse them, what cannot be parsed would be
answered with INTERNAL. The methods are declared as streams of requests, which on the wire is the
same for one request, so that admission is asked before the message is read.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import grpc

from spanledger_collector.decode.wire import Signal
from spanledger_collector.receive.answers import (
    Answer,
    Refused,
    retry_info,
    status,
    success_body,
)
from spanledger_collector.receive.inflate import EITHER
from spanledger_collector.receive.intake import Intake
from spanledger_collector.receive.losses import HEADER, losses

log = logging.getLogger(__name__)

SERVICES: dict[str, Signal] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
}
METHOD = "Export"
CODES = {code.value[0]: code for code in grpc.StatusCode}
MAX_ANSWER_BYTES = 4 << 20
STREAMS = 100  # calls at once on one connection
PACKED = (b"\x1f", b"\x78")
"""With what a message begins that is compressed, by gzip or by deflate; no request of OTLP does."""

Context = Any  # grpc.aio.ServicerContext: grpcio ships no types
Handler = Callable[[Any, Context], Awaitable[bytes]]


class OtlpGrpc:
    """The gRPC server of ingest, not yet listening. For the event loop it is made in."""

    def __init__(
        self, intake: Intake, address: str, body_s: float, header_bytes: int, shared: bool = False
    ) -> None:
        """Prepare to listen.

        Args:
            intake: takes the requests.
            address: host and port.
            body_s: how long a message may take to arrive.
            header_bytes: most metadata of a call.
            shared: other workers listen on the same port.
        """
        self._intake = intake
        self._body_s = body_s
        self._server = grpc.aio.server(options=options(intake.max_body_bytes, header_bytes, shared))
        for service, signal in SERVICES.items():
            export: Handler = partial(self._export, signal)
            handlers = {METHOD: grpc.stream_unary_rpc_method_handler(export)}
            generic = grpc.method_handlers_generic_handler(service, handlers)
            self._server.add_generic_rpc_handlers((generic,))
        self._server.add_insecure_port(address)

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def stop(self, grace_s: float) -> None:
        """Take no more calls and finish those at hand."""
        await self._server.stop(grace_s)

    async def _export(self, signal: Signal, _: Any, context: Context) -> bytes:
        """Answer one call."""
        answer = await self._answer(signal, context)
        if not isinstance(answer, Refused):
            return success_body(answer, "protobuf")
        self._intake.refused[answer.code] += 1
        await context.abort(CODES[answer.grpc_status], answer.message, trailers(answer))
        raise AssertionError("abort always raises")

    async def _answer(self, signal: Signal, context: Context) -> Answer:
        try:
            return await self._taken(signal, context)
        except TimeoutError:
            return Refused("too_slow", "the message did not arrive in time")
        except Exception:
            # INTERNAL would tell an OTLP client to throw the batch away.
            log.exception("an export call failed")
            return Refused("overloaded", "unexpected error")

    async def _taken(self, signal: Signal, context: Context) -> Answer:
        metadata = dict(context.invocation_metadata() or ())
        caller = self._intake.keyring.caller(str(metadata.get("authorization", "")))
        if isinstance(caller, Refused):
            return caller
        refusal = self._intake.refusal(caller, 0)  # gRPC does not tell a length beforehand
        if refusal is not None:
            return refusal
        lost = losses(str(metadata.get(HEADER.decode(), "")).encode("latin-1", "replace"))
        message = await asyncio.wait_for(context.read(), self._body_s)
        if not isinstance(message, bytes):
            return Refused("malformed_protobuf", "no message")
        with self._intake.in_flight(caller) as hold:
            if not hold(len(message)):
                return Refused("overloaded", "try again soon")
            if message[:1] not in PACKED:
                return await self._intake.take(caller, signal, "protobuf", message, lost=lost)
            unpacked = self._intake.unpacked(message, "protobuf", signal, EITHER)
            if isinstance(unpacked, Refused):
                return unpacked
            hold(len(unpacked))
            return await self._intake.take(caller, signal, "protobuf", unpacked, True, lost)


def trailers(refused: Refused) -> tuple[tuple[str, bytes], ...]:
    """Return what stands behind a refusal.

    The hint when to try again is sent twice: most clients read it from the status, the exporter
    for Python from a trailer of its own.
    """
    found = [("grpc-status-details-bin", status(refused).SerializeToString())]
    if (hint := retry_info(refused)) is not None:
        found.append(("google.rpc.retryinfo-bin", hint.SerializeToString()))
    return tuple(found)


def options(max_body_bytes: int, header_bytes: int, shared: bool) -> tuple[tuple[str, int], ...]:
    """Return the bounds of the transport.

    Messages come compressed as they were sent: the library would unpack all of one before anybody sees it.
    """
    return (
        ("grpc.per_message_decompression", 0),
        ("grpc.max_receive_message_length", max_body_bytes),
        ("grpc.max_send_message_length", MAX_ANSWER_BYTES),
        ("grpc.max_concurrent_streams", STREAMS),
        ("grpc.max_metadata_size", header_bytes),
        ("grpc.absolute_max_metadata_size", header_bytes),
        ("grpc.http2.max_ping_strikes", 2),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.max_connection_idle_ms", 300_000),
        ("grpc.so_reuseport", int(shared)),  # or a second server would silently share our port
    )
