"""What `configure` takes, and how the SDK lives with others: S-02, S-16, S-17, S-23, S-24, S-27."""

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry import context as contexts
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision

import spanledger
from spanledger import health, live
from spanledger.sampling import TraceSampler
from spanledger.settings import Settings, settings
from spanledger_schema import attributes as ours
from tests.sdk import Receiver, configured, forget, receiving, said


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


SAMPLED = Decision.RECORD_AND_SAMPLE


@spanledger.tool
def work(x: int = 0) -> int:
    return x


def test_arguments_beat_our_variables_and_those_beat_opentelemetrys():
    environ = {
        "SPANLEDGER_SERVICE": "ours", "OTEL_SERVICE_NAME": "theirs", "SPANLEDGER_SAMPLE": "0.5",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "SPANLEDGER_CAPTURE": "shape",
        "OTEL_EXPORTER_OTLP_HEADERS": "X-A=1%20b,c=d", "SPANLEDGER_KEY": "k",
    }  # fmt: skip
    assert settings({"sample": 0.25}, environ) == Settings(
        endpoint="http://collector:4318", service="ours", sample=0.25, capture="shape", key="k",
        headers={"x-a": "1 b", "c": "d"},
    )  # fmt: skip


def test_an_endpoint_for_traces_alone_is_taken_without_its_path():
    environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/otel/v1/traces"}
    assert settings({}, environ).endpoint == "http://c:4318/otel"


BAD: list[dict[str, Any]] = [
    {"endpoint": "nonsense"}, {"endpoint": "ftp://x"}, {"endpoint": "http://x:99999"},
    {"sample": 2}, {"sample": "half"}, {"capture": "all"}, {"mask": 3}, {"protocol": "smtp"},
    {"key": "a\nb"}, {"foreign": "some"}, {"unheard_of": 1}, {"endpoint": 3},
]  # fmt: skip


@pytest.mark.parametrize("told", BAD)
def test_s23_a_bad_setting_warns_and_records_nothing_unless_strict(
    told: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    forget()
    spanledger.configure(**told)
    assert (work(1), live.now(), len(caplog.records)) == (1, None, 1)
    assert "nothing is recorded" in caplog.text
    with pytest.raises(spanledger.SettingInvalid):
        spanledger.configure(strict=True, **told)


def test_s23_a_disabled_sdk_records_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPANLEDGER_DISABLED", "true")
    forget()
    spanledger.configure()
    assert (work(1), live.now()) == (1, None)


def test_s23_configured_twice_each_span_is_sent_once(receiver: Receiver):
    with configured(receiver.url):
        work()
        spanledger.configure(receiver.url, service="again", delay_s=0.01)
        work()
        spanledger.flush(5)
    assert len(receiver.spans()) == 2


FAILPOINTS = [
    "spanledger.capture.text",
    "spanledger.recording.tell_failure",
    "spanledger.recording.set_span_in_context",
    "spanledger.recording.time.time_ns",
    "spanledger.ids._random",
    "spanledger.export.buffer.size_of",
    "spanledger.export.request.body",
    "spanledger.stamp.session_in",
    "spanledger.export.processor.about_models",
    "spanledger.content.Outgoing.__call__",
    "spanledger.live.Runtime.settings",
]


@pytest.mark.parametrize("place", FAILPOINTS)
def test_s02_whatever_fails_inside_the_application_never_sees_it(
    receiver: Receiver, place: str, monkeypatch: pytest.MonkeyPatch
):
    class Broken:
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            raise RuntimeError("ours")

        def __get__(self, held: object, owner: object = None) -> Any:
            return self if held is None else self.__call__

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("ours")

    def items() -> Iterator[int]:
        yield 1
        yield 2

    @spanledger.tool
    async def later(x: int) -> int:
        return x

    @spanledger.step
    async def stream() -> AsyncIterator[int]:
        yield await later(4)

    async def drain() -> list[int]:
        return [x async for x in stream()]

    @spanledger.agent
    def fail() -> None:
        raise KeyError("theirs")

    with configured(receiver.url), monkeypatch.context() as patched:
        patched.setattr(place, Broken())
        with spanledger.session("s", tags=["x"]):
            assert work(3) == 3
            assert list(spanledger.step(items)()) == [1, 2]
            assert asyncio.run(drain()) == [4]
            with pytest.raises(KeyError, match="theirs"):
                fail()
            spanledger.state("a", "b")
            spanledger.record_usage(model="m", input_tokens=1)
        spanledger.flush(0.2)


def test_s02_what_failed_is_counted_and_logged_once_a_minute(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*args: object) -> str:
        raise RuntimeError("secret")

    with configured(receiver.url):
        monkeypatch.setattr("spanledger.capture.text", fail)
        for _ in range(5):
            work(1)
        assert health.failures["capture"] == 10
    ours_only = [r for r in caplog.records if r.name == "spanledger"]
    assert [r.getMessage() for r in ours_only] == [
        "spanledger: capture failed with RuntimeError; the application goes on"
    ]


def test_s27_the_logger_is_named_and_says_no_content(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    receiver.answers = [(400, {}, b"secret")]
    with configured(receiver.url):
        with spanledger.span("x", input="secret"):
            pass
        spanledger.flush(5)
    assert {r.name for r in caplog.records} == {"spanledger"}
    assert "secret" not in caplog.text
    assert capsys.readouterr() == ("", "")


def test_s16_a_log_handler_a_finaliser_and_a_signal_handler_may_record(receiver: Receiver):
    class Recording(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            work(1)

    class Finalised:
        def __del__(self) -> None:
            work(2)

    def interrupted(*_: object) -> None:
        work(3)

    handler = Recording()
    with configured(receiver.url, max_queue_spans=50, delay_s=60):
        health.log.addHandler(handler)
        before = signal.signal(signal.SIGALRM, interrupted)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            for n in range(2_000):
                held: list[object] = [Finalised()]
                held.append(held)
                work(n)
            held = []  # the last one too: its finaliser would record in the midst of another test
            gc.collect()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            health.log.removeHandler(handler)
        assert spanledger.flush(5).pending == 0


def test_s17_the_sample_is_decided_by_the_trace_and_kept_by_its_spans(receiver: Receiver):
    assert TraceSampler(0.5).should_sample(None, 1, "x").decision is SAMPLED
    last = (1 << 64) - 1
    assert TraceSampler(0.5).should_sample(None, last, "x").decision is Decision.DROP

    @spanledger.agent
    def run() -> None:
        work(), work()

    with configured(receiver.url, sample=0.5):
        for _ in range(60):
            run()
        spanledger.flush(5)
    sizes = [
        sum(s.trace_id == trace_id for s in receiver.spans())
        for trace_id in {s.trace_id for s in receiver.spans()}
    ]
    assert set(sizes) == {3}
    assert 5 < len(sizes) < 55


def test_s17_nothing_is_looked_at_outside_the_sample(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    with configured(receiver.url, sample=0):
        monkeypatch.setattr("spanledger.recording.Recording", None)
        assert work(1) == 1
        assert spanledger.flush(1).delivered == 0


def test_s17_usage_outside_the_sample_is_kept_where_asked_without_content(receiver: Receiver):
    @spanledger.llm_call(model="gpt-4o")
    def ask(question: str) -> str:
        spanledger.record_usage(input_tokens=3, output_tokens=4)
        return "secret"

    with configured(receiver.url, sample=0, keep_usage=True), spanledger.session("s"):
        work(1)
        ask("secret")
        spanledger.flush(5)
    found = said(receiver.one())
    assert (found["gen_ai.usage.input_tokens"], found["session.id"]) == (3, "s")
    assert "secret" not in str(found)


def test_s17_the_decision_of_another_service_is_followed(receiver: Receiver):
    carrier = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
    with configured(receiver.url):
        token = contexts.attach(propagate.extract(carrier))
        work()
        contexts.detach(token)
        assert spanledger.flush(1).delivered == 0


def test_a_session_travels_as_baggage_and_is_believed_as_far_as_allowed(receiver: Receiver):
    with configured(receiver.url):
        carrier: dict[str, str] = {}
        with spanledger.session("s1", user="ada"):
            propagate.inject(carrier)
        assert carrier["baggage"] == "session.id=s1"
        carrier["baggage"] += ",user.id=mallory,key=value"
        token = contexts.attach(propagate.extract(carrier))
        work()
        contexts.detach(token)
        spanledger.flush(5)
    found = said(receiver.one())
    assert (found["session.id"], "user.id" in found) == ("s1", False)


def test_s24_the_applications_provider_is_joined_and_keeps_its_own_exporters(receiver: Receiver):
    forget()
    theirs = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(theirs))
    trace.set_tracer_provider(provider)
    spanledger.configure(receiver.url, strict=True, delay_s=0.01)
    try:
        assert trace.get_tracer_provider() is provider
        tracer = trace.get_tracer("app")
        with spanledger.session("s1"), tracer.start_as_current_span("GET /"):
            work()
            with tracer.start_as_current_span(
                "chat m", attributes={"gen_ai.operation.name": "chat"}
            ):
                pass
        assert spanledger.flush(5).delivered == 2
        assert sorted(s.name for s in receiver.spans()) == ["chat m", "execute_tool work"]
        assert len(theirs.get_finished_spans()) == 3
        assert all("session.id" in (s.attributes or {}) for s in theirs.get_finished_spans())
    finally:
        spanledger.shutdown(5)
        forget()


def test_s24_after_shutdown_the_applications_provider_is_as_it_was(receiver: Receiver):
    forget()
    provider = TracerProvider(shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    spanledger.configure(receiver.url, strict=True)
    spanledger.shutdown(1)
    assert provider._active_span_processor._span_processors == ()
    forget()


def test_what_an_instrumented_mask_or_exporter_does_is_not_recorded(receiver: Receiver):
    @spanledger.observe
    def mask(text: str) -> str:
        return text

    with configured(receiver.url, mask=mask):
        work()
        assert spanledger.flush(5).delivered == 1
        assert spanledger.flush(5).delivered == 1


def test_content_of_other_instrumentations_stays_here_where_capture_is_off(receiver: Receiver):
    with configured(receiver.url, capture=False):
        tracer = trace.get_tracer("other")
        told = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": "secret"}
        with tracer.start_as_current_span("chat", attributes=told):
            work(5)
        spanledger.flush(5)
    assert [sorted(said(s)) for s in receiver.spans()] == [
        ["gen_ai.operation.name", "gen_ai.tool.name"],
        ["gen_ai.operation.name"],
    ]


def test_a_span_with_an_impossible_value_costs_itself_alone(receiver: Receiver):
    with configured(receiver.url, delay_s=60):
        trace.get_tracer("other").start_span("before all time", start_time=-1).end()
        work()
        assert spanledger.flush(5).reasons == {"unencodable": 1}
    assert receiver.one().name == "execute_tool work"


def test_a_thread_begun_in_a_session_belongs_to_it(receiver: Receiver):
    with configured(receiver.url):
        with spanledger.session("s1"):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        spanledger.flush(5)
    assert said(receiver.one())["session.id"] == "s1"
    assert baggage.get_all() == {}


def test_metadata_of_any_kind_becomes_an_attribute(receiver: Receiver):
    with configured(receiver.url), spanledger.session("s1", metadata={"a": [1], "b": True}):  # type: ignore[dict-item]
        work()
        spanledger.flush(5)
    found = said(receiver.one())
    assert (found[ours.METADATA + "a"], found[ours.METADATA + "b"]) == ("[1]", True)
