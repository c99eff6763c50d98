"""Detectors over the query API: what there are, from where on each tells, and setting it otherwise."""

from decimal import Decimal
from typing import Annotated, Self

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from spanledger_collector.access import actor_of, project_of
from spanledger_collector.api import routing
from spanledger_collector.api.answers import Json, problem
from spanledger_collector.budgets.decision import amount
from spanledger_collector.detectors.catalogue import DETECTORS
from spanledger_collector.detectors.finding import Detector
from spanledger_collector.detectors.tuning import Tuning
from spanledger_collector.detectors.warden import Tuner
from spanledger_collector.moments import rfc3339
from spanledger_schema.api_alerts import DetectorRow, TuningRow

router = routing.router("/api/v1/detectors")


def mount(app: FastAPI, tuner: Tuner) -> None:
    """Add the routes to the app."""
    app.state.tuner = tuner
    routing.attach(app, router)


def tuner_of(request: Request) -> Tuner:
    """Return the detectors of this app."""
    found: Tuner = request.app.state.tuner
    return found


@router.get("", response_model=list[DetectorRow])
def list_detectors(request: Request) -> Json:
    """The detectors, from where on each tells, and what is set otherwise."""
    tunings = tuner_of(request).tunings(project_of(request))
    return Json([detector_row(detector, tunings) for detector in DETECTORS.values()])


class TuningForm(BaseModel):
    """What is to hold from now on for one agent, or for all of them; nothing set takes it back."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field("", max_length=1000)
    limit: Annotated[Decimal, Field(gt=0, le=10**12, allow_inf_nan=False)] | None = None
    muted: bool = False

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse a limit of what is muted."""
        if self.muted and self.limit is not None:
            raise ValueError("limit: a muted detector has none")
        return self


@router.put("/{name}", response_model=DetectorRow)
def tune_detector(
    request: Request,
    name: str,
    wanted: TuningForm,
    by: Annotated[str, Query(max_length=200, description="who does it, for the audit")] = "",
    note: Annotated[str, Query(max_length=1000, description="why, for the audit")] = "",
) -> Json:
    """Let a detector tell from another value on, or nothing; what it said of it then recovers."""
    if name not in DETECTORS:
        return problem(404, f"no detector {name!r}; there are {', '.join(DETECTORS)}")
    project, tuner = project_of(request), tuner_of(request)
    who = actor_of(request, by)
    tuner.tune(Tuning(project, name, wanted.agent, wanted.limit, wanted.muted, who, note))
    return Json(detector_row(DETECTORS[name], tuner.tunings(project)))


def detector_row(detector: Detector, tunings: list[Tuning]) -> DetectorRow:
    """Return a detector as the API says it."""
    own = [tuning_row(t) for t in tunings if t.detector == detector.name]
    return DetectorRow(detector.name, detector.title, detector.unit, amount(detector.limit), own)


def tuning_row(t: Tuning) -> TuningRow:
    """Return what is set otherwise as the API says it."""
    limit = None if t.limit is None else amount(t.limit)
    return TuningRow(t.agent, limit, t.muted, t.by, t.note, rfc3339(t.since_ns))
