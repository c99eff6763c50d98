"""The route of projects: which of them whoever asks may look into."""

from fastapi import FastAPI, Request

from spanledger_collector.access import bounds_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import store_of
from spanledger_schema.api_access import Projects

MOST = 1000

router = routing.router("/api/v1/projects")


def mount(app: FastAPI) -> None:
    """Add the route to the app."""
    routing.attach(app, router)


@router.get("", response_model=Projects)
def list_projects(request: Request) -> Json:
    """The projects the caller may see, by name: a key's own, or those that have traces or keys."""
    if own := bounds_of(request):
        return Json(Projects([own]))
    found = store_of(request).rows("projects", limit=MOST)
    return Json(Projects([row["project_id"] for row in found]))
