"""A ClickHouse server for tests: its HTTP interface, with the embedded engine behind it.

Takes what clickhouse-connect sends over HTTP and answers as clickhouse-server does: settings and
parameters in the URL, SQL in the URL or the body, Native in and out, compression, sessions, errors
by header. Every request gets an engine connection of its own, as every query gets its own context
on a server. Left out: users beyond one password, external data, and `client_protocol_version`,
which is ignored as some proxies do.
"""

import gzip
import io
import json
import re
import threading
import time
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import chdb
import lz4.frame
from backports import zstd

NO_SETTINGS = {
    "query", "database", "session_id", "session_timeout", "session_check", "query_id",
    "quota_key", "compress", "decompress", "wait_end_of_query", "buffer_size",
    "client_protocol_version", "role", "user", "password", "default_format",
}  # fmt: skip
"""URL parameters that the HTTP interface keeps for itself; all others are settings."""

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lambda body: lz4.frame.LZ4FrameFile(io.BytesIO(body)).read(),  # every frame of it
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}

STATUS = {
    401: {194},
    403: {192, 193, 516},
    404: {46, 47, 50, 56, 60, 63, 73, 81, 115, 372},
    400: {6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 456},
    501: {48},
}
"""HTTP status → ClickHouse error codes that are answered with it; the others are answered 500."""

INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)[ \t]*\r?\n(.*)", re.I | re.S)
OUTPUT_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.I)
ERROR_CODE = re.compile(r"Code: (\d+)\.")


class Refused(Exception):
    """The HTTP interface itself refuses a request; said like an engine's error."""

    def __init__(self, code: int, message: str, name: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message}. ({name})")


@dataclass
class Request:
    """One request, its SQL and data put together and decompressed."""

    url: dict[str, str]
    text: bytes  # the SQL, for an insert followed by its data
    form: dict[str, str] = field(default_factory=dict)
    readonly: bool = False  # a GET may change nothing but settings

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings of this query."""
        readonly = {"readonly": "2"} if self.readonly else {}
        return readonly | {
            k: v for k, v in self.url.items() if k not in NO_SETTINGS and not k.startswith("param_")
        }

    @property
    def parameters(self) -> dict[str, str]:
        """Return the values for `{name:Type}` placeholders, escaped as they were sent."""
        return {
            k.removeprefix("param_"): v
            for k, v in (self.url | self.form).items()
            if k.startswith("param_")
        }


@dataclass
class Answer:
    """What a query gave: a body in a format, or nothing, and what it took."""

    body: bytes
    format: str | None
    summary: dict[str, str]


class Engine:
    """The embedded engine at one folder, and the settings that sessions keep (but no tables)."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.sessions: dict[str, dict[str, str]] = {}
        self.busy: set[str] = set()
        self.lock = threading.Lock()

    def run(self, request: Request) -> Answer:
        """Run one request in a connection of its own."""
        # Two packages bring this module, one of them with types.
        connection = chdb.connect(self.folder)  # type: ignore[no-untyped-call, unused-ignore]
        try:
            with self.session(connection, request):
                apply_settings(connection, request.settings)
                return execute(connection, request)
        finally:
            connection.close()

    @contextmanager
    def session(self, connection: Any, request: Request) -> Iterator[None]:
        """Bring a session's settings into a connection and keep those that the query sets."""
        name = request.url.get("session_id")
        if name is None:
            yield
            return
        self.occupy(name, must_exist=request.url.get("session_check") == "1")
        try:
            kept = self.sessions[name]
            initial = changed_settings(connection)
            apply_settings(connection, kept)
            yield
            now = dict(changed_settings(connection).items() - initial.items())
            self.sessions[name] = {k: v for k, v in now.items() if k not in request.settings} | {
                k: kept[k] for k in request.settings.keys() & kept.keys()
            }
        finally:
            self.busy.discard(name)

    def occupy(self, name: str, must_exist: bool) -> None:
        """Take a session; a second query in it at the same time is refused, as on a server."""
        with self.lock:
            if must_exist and name not in self.sessions:
                raise Refused(372, f"Session {name} not found", "SESSION_NOT_FOUND")
            if name in self.busy:
                raise Refused(373, f"Session {name} is locked by another", "SESSION_IS_LOCKED")
            self.busy.add(name)
            self.sessions.setdefault(name, {})


def execute(connection: Any, request: Request) -> Answer:
    """Return what the engine answers to a request on this connection."""
    if database := request.url.get("database"):
        connection.query(f"USE {quoted(database, '`')}", "TabSeparated")
    if insert := INSERT.fullmatch(request.text):
        return write(connection, *insert.groups())
    return ask(connection, request)


def write(connection: Any, statement: bytes, format: bytes, data: bytes) -> Answer:
    """Insert `data` and return how much that was."""
    started = time.perf_counter()
    with connection.send_insert(statement.decode(), format.decode()) as insert:
        insert.append(data)
        done = insert.finish()
    return Answer(
        b"",
        None,
        {
            "written_rows": str(done.rows_written),
            "written_bytes": str(done.bytes_written),
            "elapsed_ns": str(int((time.perf_counter() - started) * 1e9)),
        },
    )


def ask(connection: Any, request: Request) -> Answer:
    """Return the result of a query, or an empty answer for a statement that has none.

    Without a FORMAT clause the engine is asked for names too: a result always has that line,
    a statement without a result has none.
    """
    said = OUTPUT_FORMAT.search(request.text)
    sql = request.text.decode()
    if said is None and (wanted := request.url.get("default_format")):
        return ask(connection, Request(request.url, f"{sql}\nFORMAT {wanted}".encode()))
    result = connection.query(sql, "TabSeparatedWithNames", params=request.parameters)
    body = bytes(result.bytes() or b"")
    summary = {
        "read_rows": str(result.rows_read()),
        "read_bytes": str(result.bytes_read()),
        "elapsed_ns": str(int(result.elapsed() * 1e9)),
    }
    if said:
        return Answer(body, said[1].decode(), summary)
    if not body:
        return Answer(b"", None, summary)
    return Answer(body.partition(b"\n")[2], "TabSeparated", summary)


def apply_settings(connection: Any, settings: Mapping[str, str]) -> None:
    """Set each setting on a connection, `readonly` last: it forbids setting others."""
    for name in sorted(settings, key=lambda name: name == "readonly"):
        value = quoted(settings[name], "'")
        connection.query(f"SET {quoted(name, '`')} = {value}", "TabSeparated")


def changed_settings(connection: Any) -> dict[str, str]:
    """Return the settings of a connection that are not at their defaults."""
    names = (
        "mapFromArrays(groupArray(name), groupArray(value))"  # one row: a session may limit them
    )
    asked = f"SELECT toJSONString({names}) FROM system.settings WHERE changed"
    settings: dict[str, str] = json.loads(connection.query(asked, "TSVRaw").bytes())
    return settings


def quoted(text: str, mark: str) -> str:
    """Return text between quotation marks, escaped."""
    return mark + text.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark


class Handler(BaseHTTPRequestHandler):
    """Puts requests together and sends answers; the engine does the rest."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for somebody to confirm its head
    server: "Server"

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self.reply(200, b"Ok.\n", {"Content-Type": "text/html; charset=UTF-8"})
        else:
            self.answer(readonly=True)

    def do_POST(self) -> None:
        self.answer(readonly=False)

    def answer(self, readonly: bool) -> None:
        """Answer one query, an error with its code in a header and a status that fits."""
        body = self.read_body()
        headers = {"X-ClickHouse-Server-Display-Name": "chdb", "X-ClickHouse-Timezone": "UTC"}
        try:
            request = self.request_of(body, readonly)
            headers["X-ClickHouse-Query-Id"] = request.url.get("query_id") or str(uuid4())
            answer = self.server.engine.run(request)
        except (RuntimeError, Refused) as error:  # ChdbError is a RuntimeError
            self.reply_error(str(error), headers)
            return
        headers["X-ClickHouse-Summary"] = json.dumps(answer.summary)
        if answer.format:
            headers["X-ClickHouse-Format"] = answer.format
        self.reply(200, *self.compressed(answer.body, headers, request))

    def request_of(self, body: bytes, readonly: bool) -> Request:
        """Return the request that was sent, once whoever sent it is known."""
        url = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        self.authenticate(url)
        form = self.form(body)
        sql = url.get("query", "") + form.get("query", "")
        data = b"" if form else body
        text = sql.encode() + b"\n" + data if sql else data
        return Request(url, text, form, readonly)

    def authenticate(self, url: Mapping[str, str]) -> None:
        """Refuse a wrong password, wherever it was sent."""
        given = url.get("password", self.headers.get("X-ClickHouse-Key", ""))
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            given = b64decode(credentials).decode().partition(":")[2]
        if given != self.server.password:
            raise Refused(516, "default: Authentication failed", "AUTHENTICATION_FAILED")

    def form(self, body: bytes) -> dict[str, str]:
        """Return the fields of a multipart body, none for another kind of body."""
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            return {}
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body
        )
        fields = {}
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
        return fields

    def read_body(self) -> bytes:
        """Return the body, whole and decompressed."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self.chunks())
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        encoding = self.headers.get("Content-Encoding", "")
        return DECOMPRESS[encoding](body) if encoding else body

    def chunks(self) -> Iterator[bytes]:
        """Yield the chunks of a chunked body."""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def compressed(
        self, body: bytes, headers: dict[str, str], request: Request
    ) -> tuple[bytes, dict[str, str]]:
        """Return the body in an encoding the client takes, where it asked for compression."""
        taken = [e.strip() for e in self.headers.get("Accept-Encoding", "").split(",")]
        encoding = next((e for e in taken if e in COMPRESS), None)
        if encoding is None or request.url.get("enable_http_compression") != "1":
            return body, headers
        return COMPRESS[encoding](body), headers | {"Content-Encoding": encoding}

    def reply_error(self, message: str, headers: Mapping[str, str]) -> None:
        """Send an engine's error the way clickhouse-server does."""
        found = ERROR_CODE.search(message)
        code = int(found[1]) if found else 1002
        status = next((status for status, codes in STATUS.items() if code in codes), 500)
        text = message[found.start() :] if found else message
        self.reply(
            status, text.encode() + b"\n", {**headers, "X-ClickHouse-Exception-Code": str(code)}
        )

    def reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # a client that gave up is no error of ours
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the test that asked says what went wrong."""


class Server(ThreadingHTTPServer):
    """The listening socket, the engine behind it and the password of user `default`."""

    daemon_threads = True

    def __init__(self, folder: str, password: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.engine = Engine(folder)
        self.password = password


@contextmanager
def serving(folder: str, password: str = "") -> Iterator[str]:
    """Serve the engine at `folder`, which this process may have open too; yield the DSN."""
    server = Server(folder, password)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://default:{password}@127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
