"""What a person enters about a policy, as the API's fields, and what the API answers, as rows.

Plain texts come in, the fields of docs/approvals.md go out. Checks nothing that the API checks. Pure;
knows no Streamlit.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from spanledger_schema.api_approvals import ConditionRow, PolicyMatch, PolicyPreview, PolicyRow
from spanledger_ui import text
from spanledger_ui.components import Row, columns

EFFECTS = {"ask": "ask a person", "deny": "refuse it"}

POLICIES = columns({
    "tool": "Tool", "when": "When", "effect": "Then", "told": "Told", "reason": "Why",
}, wide="tool")  # fmt: skip

MATCHES = columns({
    "at": "When", "tool": "Tool call", "arguments": "Called with", "agent": "Agent",
}, wide="tool")  # fmt: skip

CONDITION = re.compile(r"(\S+?)\s*(!=|>=|<=|=|>|<|\smatches\s)\s*(.+)")
LONGEST_SHOWN = 120

BLANK: Mapping[str, Any] = {
    "id": "", "tool": "", "effect": "ask", "argument": "", "amount": "", "conditions": "",
    "minutes": 5.0, "reason": "", "channels": "",
}  # fmt: skip
"""What a new policy says before anybody has entered anything."""


class NoCondition(ValueError):
    """A line that is no condition."""


def fields(entered: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy as the API takes it; raise NoCondition with the line that is none."""
    lines = [line.strip() for line in entered["conditions"].splitlines() if line.strip()]
    found = [condition(line) for line in lines]
    if entered["argument"].strip():
        amount = {"argument": entered["argument"].strip(), "op": ">="}
        found.insert(0, amount | {"value": entered["amount"].strip()})
    return {
        "tool": entered["tool"].strip(),
        "effect": entered["effect"],
        "conditions": found,
        "timeout_s": round(entered["minutes"] * 60),
        "reason": entered["reason"],
        "channels": [name.strip() for name in entered["channels"].split(",") if name.strip()],
    }


def condition(line: str) -> dict[str, str]:
    """Return `order.country != DE` as the API says it."""
    found = CONDITION.fullmatch(line)
    if found is None:
        raise NoCondition(line)
    return {"argument": found[1], "op": found[2].strip(), "value": found[3]}


def entered(policy: PolicyRow) -> dict[str, Any]:
    """Return a policy as the fields of its form: of amounts the first has fields of its own."""
    amount = next((c for c in policy.conditions if c.op == ">="), None)
    return {
        "id": policy.id,
        "tool": policy.tool,
        "effect": policy.effect,
        "argument": amount.argument if amount else "",
        "amount": amount.value if amount else "",
        "conditions": "\n".join(said(c) for c in policy.conditions if c is not amount),
        "minutes": policy.timeout_s / 60,
        "reason": policy.reason,
        "channels": ", ".join(policy.channels),
    }


def said(c: ConditionRow) -> str:
    """Return a condition as a person writes it."""
    return f"{c.argument} {c.op} {c.value}"


def policy_row(p: PolicyRow) -> Row:
    """Return the line of a policy, which leads to where it is changed."""
    asked = f"a person, for {text.duration(p.timeout_s * 10**9)}"
    return {
        "href": f"approvals?{urlencode({'edit': p.id})}",
        "cells": {
            "tool": {"text": p.tool, "under": p.id},
            "when": " and ".join(map(said, p.conditions)) or "always",
            "effect": asked if p.effect == "ask" else {"text": "refused", "tone": "error"},
            "told": ", ".join(p.channels) or "every channel",
            "reason": p.reason or text.UNKNOWN,
        },
    }


def match_row(match: PolicyMatch, zone: tzinfo, now: datetime) -> Row:
    """Return the line of a call of the past, which leads to its session."""
    given = json.dumps(match.arguments, ensure_ascii=False)
    shown = given if len(given) <= LONGEST_SHOWN else f"{given[: LONGEST_SHOWN - 1]}…"
    return {
        "href": f"replay?{urlencode({'session': match.session_id})}",
        "cells": {
            "at": text.moment(match.at, zone, now),
            "tool": {"text": match.tool, "under": match.session_id},
            "arguments": {"text": shown, "title": given},
            "agent": match.agent or text.UNKNOWN,
        },
    }


def verdict(found: PolicyPreview, days: int) -> str:
    """Return in a sentence what a policy would have come to."""
    if not found.calls:
        return f"No call of such a tool in the last {days} days."
    of = f"the newest {found.calls:,} calls" if found.cut else f"{found.calls:,} calls"
    unknown = f"; of {found.unknown:,} the arguments are not known" if found.unknown else ""
    return f"About {found.matched:,} of {of} of such tools in the last {days} days{unknown}."
