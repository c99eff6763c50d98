"""Routes that are made whole when somebody first asks for them.

A function and what is declared of it come in, a route of FastAPI's goes out. To make one, with its
validators and its part of the documents, takes 7 ms of CPU, and there are more than seventy, of
which a process needs few. Knows no resource.
"""

from collections.abc import Callable, Collection
from threading import RLock
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from spanledger_collector.access import authorised
from spanledger_collector.api.answers import Json

making = RLock()  # the routes are every app's: two threads may ask for one at the same time


class LateRoute(APIRoute):
    """A route that knows whom it answers to; with whatever else of it is wanted, it is made."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Collection[str] | None = None,
        **declared: Any,
    ) -> None:
        self.path, self.endpoint, self.name = path, endpoint, endpoint.__name__
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.methods = set(methods or ["GET"])
        self._declared = declared

    def __getattr__(self, name: str) -> Any:
        """Return what is not there yet; nobody asks for what is."""
        with making:
            if (declared := self.__dict__.pop("_declared", None)) is not None:
                super().__init__(self.path, self.endpoint, methods=self.methods, **declared)
        return self.__getattribute__(name)


def router(prefix: str, answer: type[Response] = Json) -> APIRouter:
    """Return what the routes of a resource are declared on; nobody passes without a key that will do."""
    return APIRouter(
        prefix=prefix,
        route_class=LateRoute,
        default_response_class=answer,
        dependencies=[Depends(authorised)],
    )


def attach(app: FastAPI, routes: APIRouter) -> None:
    """Add routes to an app as they are: `include_router` makes each of them anew, for every app."""
    app.router.routes.extend(routes.routes)
