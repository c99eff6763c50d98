"""OTLP over gRPC, with the extra `spanledger[grpc]`: the same bodies to the same answers.

Source: OTLP specification 1.9, "OTLP/gRPC Response"; RESOURCE_EXHAUSTED passes only where the
server says how long to wait.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import grpc

from spanledger.export.answer import Answer, rejected

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PASSING = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
RETRY_INFO = "google.rpc.retryinfo-bin"
MOST_ANSWER_BYTES = 64 << 10


class GrpcSender:
    """Sends bodies to one address."""

    def __init__(
        self, endpoint: str, key: str | None, headers: Mapping[str, str], timeout_s: float
    ) -> None:
        parts = urlsplit(endpoint)
        self._target = f"{parts.hostname}:{parts.port or 4317}"
        self._secure = parts.scheme == "https"
        self._timeout_s = timeout_s
        self._metadata = [(name.lower(), value) for name, value in headers.items()]
        if key:
            self._metadata.append(("authorization", f"Bearer {key}"))
        self._channel: Any = None

    def send(self, body: bytes, more: Mapping[str, str]) -> Answer:
        """Return what came of one try; never raises."""
        try:
            call = self._connected().unary_unary(METHOD)
            answer = call(body, self._timeout_s, [*self._metadata, *more.items()])
        except grpc.RpcError as error:
            return failed(error)
        except Exception as error:  # noqa: BLE001 – grpc raises its own classes of ValueError
            return Answer("retry", type(error).__name__)
        return Answer("delivered", rejected=rejected(answer))

    def _connected(self) -> Any:
        """Return the channel, which connects when it is used."""
        if self._channel is None:
            options = [
                ("grpc.max_receive_message_length", MOST_ANSWER_BYTES),
                ("grpc.enable_http_proxy", 0),
            ]
            self._channel = (
                grpc.secure_channel(self._target, grpc.ssl_channel_credentials(), options)
                if self._secure
                else grpc.insecure_channel(self._target, options)
            )
        return self._channel

    def close(self) -> None:
        """Close the channel; the next try opens another."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def forked(self) -> None:
        """Let go of the parent's channel."""
        self._channel = None


def failed(error: Any) -> Answer:
    """Return what a status other than OK means."""
    code = error.code().name
    told = dict(error.trailing_metadata() or ())
    if code in PASSING or (code == "RESOURCE_EXHAUSTED" and RETRY_INFO in told):
        return Answer("retry", code)
    return Answer("refused", code)
