"""Detectors as rows of a ledger, and what a person sets about one as the API's fields.

Pure; knows no Streamlit.
"""

from collections.abc import Sequence
from typing import Any

from spanledger_schema.api_alerts import DetectorRow, TuningRow
from spanledger_ui import text
from spanledger_ui.components import Row, columns

DETECTORS = columns({
    "title": "Detector", "agent": "Of agent", "limit": "Tells from", "by": "Set by",
}, wide="title", numbers="limit")  # fmt: skip


def rows(detectors: Sequence[DetectorRow]) -> list[Row]:
    """Return each detector as it holds for all agents, and below it those it is set for apart."""
    found: list[Row] = []
    for detector in detectors:
        of_all = next((t for t in detector.tunings if not t.agent), None)
        found.append(row(detector, of_all))
        found += [row(detector, tuning) for tuning in detector.tunings if tuning.agent]
    return found


def row(detector: DetectorRow, tuning: TuningRow | None) -> Row:
    """Return the line of a detector and what is set about it."""
    limit = (tuning and tuning.limit) or detector.limit
    muted = tuning is not None and tuning.muted
    return {
        "cells": {
            "title": {"text": detector.title, "under": detector.name},
            "agent": (tuning and tuning.agent) or "all",
            "limit": {"text": "muted", "tone": "quiet"} if muted else f"{limit} {detector.unit}",
            "by": {"text": tuning.by or text.UNKNOWN, "title": tuning.note} if tuning else "",
        }
    }


def fields(agent: str, limit: str, muted: bool) -> dict[str, Any]:
    """Return what a person set as the API takes it: no limit of what is muted, or left open."""
    return {
        "agent": agent.strip(),
        "limit": None if muted else limit.strip() or None,
        "muted": muted,
    }
