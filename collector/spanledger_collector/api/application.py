"""The query API as one ASGI application; what it can be asked is mounted on it, module by module."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from spanledger_collector import query
from spanledger_collector.access import Door, authorised
from spanledger_collector.api import routing, sessions, spend
from spanledger_collector.api.answers import (
    Json,
    failed,
    invalid,
    refused,
    too_many,
    unavailable,
    unfiltered,
)
from spanledger_collector.conditions import NoSuchField
from spanledger_collector.guarded import Guarded
from spanledger_collector.store import ClickHouseError, Store
from spanledger_schema.filters import BadFilter

State = Callable[[], dict[str, Any]]
Counters = Callable[[], dict[str, float]]


def create_app(store: Store, state: State, counters: Counters, door: Door | None = None) -> FastAPI:
    """Return the query API over `store`.

    Args:
        store: what is asked.
        state: how the drain is doing, for `/readyz`; `ready` in it decides between 200 and 503.
        counters: figures for `/metrics`, by Prometheus name.
        door: knows the keys; without one nobody is asked for any.
    """
    app = FastAPI(
        title="Spanledger",
        version="1",
        default_response_class=Json,
        dependencies=[Depends(authorised)],
    )
    app.state.store, app.state.door = store, door
    routing.attach(app, sessions.router)
    routing.attach(app, spend.router)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ClickHouseError, unavailable)
    app.add_exception_handler(BadFilter, unfiltered)
    app.add_exception_handler(NoSuchField, unfiltered)
    app.add_exception_handler(query.TooMany, too_many)
    app.add_middleware(Guarded, failed=failed)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> Json:
        said = state()
        return Json(said, status_code=200 if said["ready"] else 503)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        body = "".join(f"{name} {value:g}\n" for name, value in counters().items())
        return Response(body, media_type="text/plain; version=0.0.4")

    return app
