"""LlamaIndex's own events and tool outputs, which every library that traces it passes on.

Takes the input or output of a step, as JSON or as Python repr, and says which agent took the
step, or what its tool returned. The steps of an agent's workflow are traced; the agents are not.
"""

import re
from collections.abc import Mapping

from spanledger_collector.dialects import parsed, text
from spanledger_schema.span import Value

ACTS = "AgentSetup("  # the event that an agent's own step, the one that asks the model, begins with
NAMED = re.compile(r"current_agent_name='([^']+)'\)[\"}]*\Z")
TAIL = 200  # characters at the end of an event, in which the name stands

TOLD = '"current_agent_name"'
MOST_PARSED = 262_144


def asking_agent(given: Value) -> str | None:
    """Return the agent whose step this is, from the repr of the event that it was given."""
    if not isinstance(given, str) or ACTS not in given[: 2 * TAIL]:
        return None
    match = NAMED.search(given[-TAIL:])
    return match[1] if match else None


def answering_agent(output: Value) -> str | None:
    """Return the agent whose step this was, from the JSON of the event that it gave back."""
    if not isinstance(output, str) or TOLD not in output or len(output) > MOST_PARSED:
        return None
    event = parsed(output)
    if not isinstance(event, dict) or "response" not in event:
        return None
    return text(event, "current_agent_name")


def tool_output(value: Value) -> Mapping[str, Value] | None:
    """Return the output object of a tool, out of the event that brings it; None if it is none."""
    inner = value.get("tool_output", value) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) and inner.keys() >= {"raw_output", "is_error"} else None
