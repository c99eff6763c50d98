"""Forwarding: every accepted span reaches every target at least once, whatever happens on the way."""

import gzip
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import apsw
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_collector import spoolwork
from spanledger_collector.forward.forwarding import Forwarding
from spanledger_collector.forward.sending import Sender, Unavailable, refuse_odd
from spanledger_collector.forward.targets import Target, targets
from spanledger_collector.process import Refused
from spanledger_collector.settings import load
from spanledger_collector.spool import Batch, Cursor, Spool
from spanledger_collector.spool.follower import Standing, standing
from tests.otlp import span, traces
from tests.ports import free_port

PATIENCE_S = 60


class Endpoint:
    """An OTLP/HTTP endpoint that remembers what it took; `answer` is what it says."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.answer: tuple[int, dict[str, str]] = (200, {})
        self.taken: list[str] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.changed = threading.Condition()

    @contextmanager
    def up(self) -> Iterator[None]:
        """Answer while this lasts; nobody listens afterwards."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def until(self, condition: Callable[[], bool]) -> None:
        """Return when something holds, which is looked at after every request."""
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE_S), (self.taken, self.asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = gzip.decompress(self.rfile.read(int(self.headers["content-length"])))
                status, headers = endpoint.answer
                with endpoint.changed:
                    said = {name.lower(): value for name, value in self.headers.items()}
                    endpoint.asked.append((self.path, said))
                    if status == 200:
                        endpoint.taken += names(body)
                    endpoint.changed.notify_all()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def names(body: bytes) -> list[str]:
    """Return the names of the spans of a request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [s.name for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool" / "0001.spool")
    yield opened
    opened.close()


def keep(spool: Spool, *said: str) -> None:
    """Have requests acknowledged, each of one span of this name."""
    for name in said:
        body = traces(span(name=name))
        spool.append(Batch(0, 1, "default", "", "traces", "protobuf", 1, body)).result(PATIENCE_S)


def at(folder: Path, endpoint: Endpoint) -> Standing:
    """Return how an endpoint stands with the spool."""
    return standing(folder / "spool" / "0001.spool", endpoint.url)


@contextmanager
def forwarding(folder: Path, target: Target) -> Iterator[None]:
    """Forward while this lasts."""
    running = Forwarding(folder / "spool", target, pause_s=0.05)
    running.start()
    yield
    running.stop()


def test_what_is_accepted_reaches_a_target_as_it_was_with_the_targets_headers(
    spool: Spool, tmp_path: Path, endpoint: Endpoint
):
    keep(spool, "a", "b")
    with endpoint.up(), forwarding(tmp_path, Target(endpoint.url + "/otlp", {"x-api-key": "k"})):
        keep(spool, "c")
        endpoint.until(lambda: len(endpoint.taken) == 3)
    assert endpoint.taken == ["a", "b", "c"]
    path, headers = endpoint.asked[0]
    assert (path, headers["x-api-key"]) == ("/otlp/v1/traces", "k")
    assert headers["content-type"] == "application/x-protobuf"


def test_nothing_is_lost_while_a_target_is_away_or_refuses_for_now(
    spool: Spool, tmp_path: Path, endpoint: Endpoint
):
    with forwarding(tmp_path, Target(endpoint.url)):
        with endpoint.up():
            keep(spool, "a")
            endpoint.until(lambda: "a" in endpoint.taken)
            endpoint.answer = (503, {"Retry-After": "0"})
            keep(spool, "b")
            endpoint.until(lambda: len(endpoint.asked) >= 4)
        keep(spool, "c")
        endpoint.answer = (200, {})
        with endpoint.up():
            endpoint.until(lambda: "c" in endpoint.taken)
    assert endpoint.taken == ["a", "b", "c"]
    assert at(tmp_path, endpoint) == Standing(sent=3)


def test_a_killed_forwarder_goes_on_where_it_was(spool: Spool, tmp_path: Path, endpoint: Endpoint):
    command = [sys.executable, "-m", "spanledger_collector", "forward"]
    given = ["--data", str(tmp_path), "--forward", endpoint.url]
    keep(spool, *map(str, range(20)))
    with endpoint.up():
        with subprocess.Popen([*command, *given]) as killed:
            endpoint.until(lambda: len(endpoint.taken) >= 5)
            killed.kill()
        keep(spool, *map(str, range(20, 30)))
        with subprocess.Popen([*command, *given]) as stopped:
            endpoint.until(lambda: "29" in endpoint.taken)
            stopped.terminate()
        assert stopped.returncode == 0
    assert set(endpoint.taken) == {str(n) for n in range(30)}


def test_what_a_target_will_never_take_is_counted_and_left_out(
    spool: Spool, tmp_path: Path, endpoint: Endpoint
):
    endpoint.answer = (400, {})
    with endpoint.up(), forwarding(tmp_path, Target(endpoint.url)):
        keep(spool, "a")
        endpoint.until(lambda: len(endpoint.asked) == 1)
        endpoint.answer = (200, {})
        keep(spool, "b")
        endpoint.until(lambda: endpoint.taken == ["b"])
    assert at(tmp_path, endpoint) == Standing(sent=1, refused=1)


def test_a_redirect_is_not_followed_and_the_trouble_is_shown(
    spool: Spool, tmp_path: Path, endpoint: Endpoint
):
    elsewhere = Endpoint()
    endpoint.answer = (307, {"Location": f"{elsewhere.url}/v1/traces"})
    keep(spool, "a")
    with endpoint.up(), elsewhere.up(), forwarding(tmp_path, Target(endpoint.url)):
        endpoint.until(lambda: len(endpoint.asked) >= 2)
    assert elsewhere.asked == []
    (found,) = spoolwork.forwarded(tmp_path / "spool", [endpoint.url])
    assert (found.sent, found.pending, found.failing_since is None) == (0, 1, False)
    assert found.trouble == f"{endpoint.url} answers 307 Temporary Redirect"


@pytest.mark.parametrize("odd", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1%1", "::"])
def test_an_address_that_no_target_has_is_not_connected_to(odd: str):
    with pytest.raises(OSError, match="is no address to forward to"):
        refuse_odd(odd)


def test_a_target_next_door_may_be_meant():
    for near in ("127.0.0.1", "10.0.0.7", "192.168.1.4", "::1"):
        refuse_odd(near)


def test_the_spool_keeps_what_a_target_has_not_had_until_there_is_no_room(
    tmp_path: Path, endpoint: Endpoint
):
    path = tmp_path / "spool" / "0001.spool"
    for max_bytes, kept in ((10 << 30, 5), (1 << 17, 0)):
        spool = Spool(path, max_bytes=max_bytes, keep_s=0, targets=[endpoint.url])
        if kept:
            keep(spool, "a", "b", "c", "d", "e")
        cursor = Cursor(path)
        cursor.confirm(5, stored=5)
        cursor.close()
        spool._upkeep.look()
        while spool._upkeep.step(idle=False):
            pass
        spool.close()
        assert at(tmp_path, endpoint).pending == kept


def test_what_was_forgotten_unsent_is_counted(spool: Spool, tmp_path: Path, endpoint: Endpoint):
    path = tmp_path / "spool" / "0001.spool"
    with endpoint.up(), forwarding(tmp_path, Target(endpoint.url)):
        keep(spool, "a")
        endpoint.until(lambda: endpoint.taken == ["a"])
    keep(spool, "b", "c", "d")
    with apsw.Connection(str(path)) as db:
        db.execute("DELETE FROM batch WHERE seq IN (2, 3)")
    with endpoint.up(), forwarding(tmp_path, Target(endpoint.url)):
        endpoint.until(lambda: endpoint.taken == ["a", "d"])
    assert at(tmp_path, endpoint) == Standing(sent=2, skipped=2)


REFUSED = {
    "ftp://x": "--forward: 'ftp://x' will not do",
    "http://user:secret@x": "--forward: keep passwords out of addresses",
}


@pytest.mark.parametrize("url", REFUSED)
def test_what_can_be_no_target_is_refused_without_its_password(url: str):
    with pytest.raises(Refused) as refused:
        targets(load({"forward": url}, {}))
    assert str(refused.value).startswith(REFUSED[url])
    assert "secret" not in str(refused.value)


def test_headers_come_from_a_file_and_are_not_shown(tmp_path: Path):
    file = tmp_path / "headers.toml"
    file.write_text('["https://a.example"]\nx-api-key = "k-123"\n')
    (found,) = targets(load({"forward": "https://a.example", "forward_headers": str(file)}, {}))
    assert found.headers == {"x-api-key": "k-123"}
    assert "k-123" not in repr(found)
    with pytest.raises(Refused, match="not among the targets"):
        targets(load({"forward": "https://b.example", "forward_headers": str(file)}, {}))


def test_a_target_that_is_not_there_says_so(tmp_path: Path, spool: Spool):
    sender = Sender(Target(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(Unavailable, match="Connection refused"):
        sender.send(Batch(1, 1, "default", "", "traces", "protobuf", 1, b""))
