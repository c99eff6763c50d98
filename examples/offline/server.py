"""The scripted provider as an HTTP server: a request comes in, the next turn goes out.

Knows the paths and how each provider frames a stream; what is said is the wire modules' matter.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from examples.offline import anthropic_wire, openai_wire
from examples.offline.openai_wire import Object
from examples.offline.script import Answered, Script, Turn, dated

PATHS = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/embeddings": "embeddings",
    "/v1/messages": "messages",
}


class ModelServer(ThreadingHTTPServer):
    """Answers from `script`; `answered` says what it answered, oldest first."""

    daemon_threads = True

    def __init__(self, script: Script, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.script = script
        self.answered: list[Answered] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Return its address, as clients of Anthropic want it; OpenAI's want `/v1` after it."""
        return f"http://127.0.0.1:{self.server_port}"

    def environ(self) -> dict[str, str]:
        """Return the variables that send the real clients here."""
        return {
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_BASE": f"{self.url}/v1",
            "OPENAI_API_KEY": "scripted",
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "scripted",
        }

    def next(self, api: str, request: Mapping[str, Any]) -> tuple[int, Answered]:
        """Return the number of this request and what it is answered, and keep it."""
        with self._lock:
            number = len(self.answered)
            turn = self.script.turn(number) or Turn(f"the script has no turn {number}", status=400)
            if turn.after and turn.after not in json.dumps(request, ensure_ascii=False):
                turn = Turn(f"turn {number} wants {turn.after!r} in the request", status=400)
            answered = Answered(
                api, dated(request["model"]), turn, bool(request.get("stream")),
                told(api, request, turn), request,
            )  # fmt: skip
            self.answered.append(answered)
            return number, answered


def told(api: str, request: Mapping[str, Any], turn: Turn) -> bool:
    """Tell whether the answer carries token counts: chat streams must be asked to."""
    if api == "chat" and request.get("stream"):
        return bool((request.get("stream_options") or {}).get("include_usage"))
    return turn.status == 200


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one request."""
        size = int(self.headers["content-length"])
        request = json.loads(self.rfile.read(size))
        api = PATHS.get(self.path.partition("?")[0])
        if api is None:
            self.whole(404, openai_wire.error(404, f"no such path: {self.path}"))
            return
        number, answered = self.server.next(api, request)
        if answered.turn.status != 200:
            wire = anthropic_wire if api == "messages" else openai_wire
            self.whole(answered.turn.status, wire.error(answered.turn.status, answered.turn.text))
        elif answered.stream:
            self.stream(frames(answered, number))
        else:
            self.whole(200, body(answered, number))

    def whole(self, status: int, said: Object) -> None:
        """Send one JSON object; a client that is refused need not try again."""
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        if status >= 400:
            self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(text)

    def stream(self, frames: Iterator[str]) -> None:
        """Send server-sent events, each in a chunk of its own."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for frame in frames:
            text = frame.encode()
            self.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def body(answered: Answered, number: int) -> Object:
    """Return a whole answer."""
    turn, model = answered.turn, answered.model
    if answered.api == "chat":
        return openai_wire.chat(turn, model, number)
    if answered.api == "responses":
        return openai_wire.response(turn, model, number)
    if answered.api == "embeddings":
        return openai_wire.embeddings(turn, model, answered.request)
    return anthropic_wire.message(turn, model, number)


def frames(answered: Answered, number: int) -> Iterator[str]:
    """Yield the frames of a stream: chat's have no event name, and an end mark of their own."""
    turn, model = answered.turn, answered.model
    if answered.api == "chat":
        for chunk in openai_wire.chat_chunks(turn, model, number, answered.usage_told):
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"
        return
    said = openai_wire.response_events if answered.api == "responses" else anthropic_wire.events
    for event in said(turn, model, number):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


@contextmanager
def answering(script: Script, port: int = 0) -> Iterator[ModelServer]:
    """Run a scripted provider until the block ends."""
    server = ModelServer(script, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
