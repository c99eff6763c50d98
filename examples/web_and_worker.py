"""A FastAPI service that hands work to Celery: both are one session, opened by a header.

    celery -A examples.web_and_worker:queue worker
    uvicorn examples.web_and_worker:app
    curl -H 'x-session-id: chat-9' -d '' 'localhost:8000/summaries?of=whales'

Run as a module it starts a worker and makes that one request.
"""

import os
import subprocess
import sys
import tempfile

import openai
from celery import Celery
from fastapi import FastAPI

import spanledger
from spanledger.web import SessionMiddleware
from spanledger.workers import propagate

spanledger.configure(service="summaries", instrument=["openai"])

folder = os.environ.setdefault("QUEUE_FOLDER", tempfile.mkdtemp())  # a real service has a broker
queue = Celery("summaries", broker="filesystem://", backend=f"file://{folder}")
queue.conf.broker_transport_options = {
    "data_folder_in": folder, "data_folder_out": folder, "control_folder": folder,
}  # fmt: skip
propagate(queue)


@queue.task(name="summarise")
@spanledger.agent("summariser")
def summarise(topic: str) -> str:
    """Write a summary, in the worker."""
    said = openai.OpenAI().chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": f"Sum up: {topic}"}]
    )
    return str(said.choices[0].message.content)


app = FastAPI()
app.add_middleware(SessionMiddleware)


@app.post("/summaries")
@spanledger.workflow("summaries")
def order(of: str) -> dict[str, str]:
    """Take an order and let the worker do it."""
    return {"task": summarise.delay(of).id}


def main() -> None:
    """Make one request, with a worker beside."""
    from fastapi.testclient import TestClient

    command = ["celery", "-A", "examples.web_and_worker:queue", "worker", "-c1", "--loglevel=error"]
    worker = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.DEVNULL)
    try:
        asked = {"params": {"of": "whales"}, "headers": {"x-session-id": "chat-9"}}
        task = TestClient(app).post("/summaries", **asked).json()["task"]  # type: ignore[arg-type]
        print(queue.AsyncResult(task).get(timeout=60))
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
