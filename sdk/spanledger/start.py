"""Settings to a running SDK: resource, provider, processors, exporter. Loads the OpenTelemetry SDK."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider

from spanledger import health, threads
from spanledger.ask import Decider, transport
from spanledger.content import Outgoing
from spanledger.export.delivery import Delivery
from spanledger.export.http import HttpSender
from spanledger.export.processor import Handover
from spanledger.export.worker import Exporter, Sender
from spanledger.ids import SystemIds
from spanledger.live import Runtime
from spanledger.masking import TimedMask
from spanledger.provider import Provider
from spanledger.sampling import TraceSampler
from spanledger.settings import SettingInvalid, Settings
from spanledger.stamp import SCOPE, Stamp

if TYPE_CHECKING:
    from spanledger.export.spool import Spool


def started(told: Settings, before: Runtime | None) -> Runtime:
    """Return an SDK that is ready to record.

    Args:
        told: the settings.
        before: what was in force until now; its provider goes on being used.
    """
    masker = TimedMask(told.mask) if told.mask else None
    exporter = Exporter(told, sender(told), Outgoing(told, masker), spool(told))
    present = trace.get_tracer_provider()
    owned = not isinstance(present, TracerProvider) or (before is not None and before.owned)
    provider = present if isinstance(present, TracerProvider) else made(told)
    if owned:
        provider.sampler = TraceSampler(told.sample, told.keep_usage)
    if isinstance(provider, Provider):
        provider.everything = told.foreign == "all"
    attach(provider, exporter, told, owned)
    if provider is not present:
        trace.set_tracer_provider(provider)
    if told.threads:
        threads.carry()
    tracer = provider.get_tracer(SCOPE, version("spanledger"))
    tracer.sampler = provider.sampler  # type: ignore[attr-defined,unused-ignore]
    silent = told.sample == 0 and not told.keep_usage
    return Runtime(told, provider, tracer, exporter, owned, silent, decider(told))


def decider(told: Settings) -> Decider | None:
    """Return what asks the server before each step, None where nobody wants that."""
    if told.guard == "off":
        return None
    return Decider(transport(told), told.guard, told.guard_keep_s, told.guard_wait_s)


def attach(provider: TracerProvider, exporter: Exporter, told: Settings, owned: bool) -> None:
    """Let a provider's spans come to the exporter; those of others all where the provider is ours."""
    provider.add_span_processor(Stamp(told.baggage))
    foreign = "all" if owned and told.foreign == "llm" else told.foreign
    provider.add_span_processor(Handover(exporter, foreign, told.keep_usage))


def made(told: Settings) -> Provider:
    """Return a provider of ours."""
    return Provider(
        sampler=TraceSampler(told.sample, told.keep_usage),
        resource=resource(told),
        shutdown_on_exit=False,
        id_generator=SystemIds(),
    )


def resource(told: Settings) -> Resource:
    """Return what this process says of itself: its name and version, never its environment."""
    known = {
        "service.name": told.service,
        "service.version": told.release,
        "deployment.environment.name": told.environment,
        "process.pid": os.getpid(),
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": version("opentelemetry-sdk"),
        "telemetry.distro.name": SCOPE,
        "telemetry.distro.version": version("spanledger"),
    }
    said = Resource({name: value for name, value in known.items() if value is not None})
    return OTELResourceDetector().detect().merge(said)


def sender(told: Settings) -> Sender:
    """Return what sends to the server.

    Raises:
        SettingInvalid: it is to be gRPC, and that is not installed.
    """
    if told.protocol == "grpc":
        try:
            from spanledger.export.grpc import GrpcSender
        except ImportError as error:
            said = "protocol: 'grpc' is not installed; pip install 'spanledger[grpc]'"
            raise SettingInvalid(said) from error
        return GrpcSender(told.endpoint, told.key, told.headers, told.timeout_s)
    return HttpSender(told.endpoint, told.key, told.headers, told.timeout_s)


def spool(told: Settings) -> Spool | None:
    """Return where batches are kept while the server is away, None where nobody wants that.

    Raises:
        SettingInvalid: this system has no locks that end with their process.
    """
    if told.spool is None:
        return None
    try:
        from spanledger.export.spool import Spool  # needs `fcntl`
    except ImportError as error:
        raise SettingInvalid("spool: it needs file locks, which this system has not") from error
    return Spool(told.spool, told.endpoint, told.key, told.max_spool_bytes)


def ended(run: Runtime, timeout_s: float) -> Delivery:
    """Send what there is, take our processors out, and return what was delivered."""
    told = run.exporter.shutdown(timeout_s)
    try:
        multi = run.provider._active_span_processor
        rest = (p for p in multi._span_processors if not isinstance(p, Stamp | Handover))
        multi._span_processors = tuple(rest)
    except AttributeError as error:
        health.swallowed("detach", error)
    return told
