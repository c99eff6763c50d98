"""The route of spend, by any dimensions: the sums that finance compares with an invoice."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import HTTPException, Query, Request

from spanledger_collector import query
from spanledger_collector.access import project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json
from spanledger_collector.api.parameters import (
    QUARTER_S,
    Filter,
    Moment,
    moment,
    store_of,
    zone,
)
from spanledger_collector.moments import FAR_NS, SECOND_NS
from spanledger_schema import filters
from spanledger_schema.api import Dimension, Spend

BUCKETS = frozenset({"hour", "day", "week", "month"})

router = routing.router("/api/v1")


@router.get("/spend", response_model=Spend)
def spend(
    request: Request,
    group_by: Annotated[list[Dimension] | None, Query()] = None,
    since: Moment = None,
    until: Moment = None,
    tz: str = "UTC",
    q: Filter = "",
) -> Json:
    """Spend in [since, until) by any dimensions; both ends are widened to quarters of an hour.

    The filter `q` is asked of each line where it is about model, provider, kind or agent, else of
    its trace.
    """
    return Json(spent(request, group_by, since, until, tz, q))


def spent(
    request: Request,
    group_by: Sequence[Dimension] | None,
    since: str | None,
    until: str | None,
    tz: str,
    q: str,
) -> Spend:
    """Return what `GET /spend` answers, or refuse with 400."""
    by = list(dict.fromkeys(group_by or ()))
    if len(BUCKETS.intersection(by)) > 1:
        raise HTTPException(400, f"group_by: only one of {', '.join(sorted(BUCKETS))} at a time")
    since_s = moment("since", since, 0) // SECOND_NS // QUARTER_S * QUARTER_S
    until_s = -(-moment("until", until, FAR_NS) // SECOND_NS)
    until_s = -(-until_s // QUARTER_S) * QUARTER_S
    terms = filters.parse(q)
    store, project = store_of(request), project_of(request)
    return query.spend(store, project, by, since_s, until_s, zone(tz), terms)
