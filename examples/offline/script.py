"""What the scripted provider is to answer, and what it did answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DATED = {
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
}
"""Names that providers answer with a dated one."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool that the model wants to be called."""

    name: str
    arguments: Mapping[str, Any]

    @property
    def json(self) -> str:
        """Return the arguments as a model writes them."""
        return json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer. `input_tokens` includes what was read from or written to the prompt cache.

    A `status` other than 200 is answered as the provider's error. `after` are words that the
    request must carry, such as a tool's result; a request without them is refused.
    """

    text: str = ""
    tools: tuple[ToolCall, ...] = ()
    input_tokens: int = 100
    output_tokens: int = 20
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    status: int = 200
    after: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """The turns of a conversation in order; with `forever` the last one is repeated."""

    turns: tuple[Turn, ...]
    forever: bool = False

    def turn(self, number: int) -> Turn | None:
        """Return the answer to the request with this number (from 0), or None after the last."""
        if number < len(self.turns):
            return self.turns[number]
        return self.turns[-1] if self.forever else None


@dataclass(frozen=True, slots=True)
class Answered:
    """What one request was answered. `usage_told`: whether the wire carried the token counts."""

    api: str  # chat, responses, embeddings, messages
    model: str
    turn: Turn
    stream: bool
    usage_told: bool
    request: Mapping[str, Any] = field(repr=False)

    @property
    def billed(self) -> Turn | None:
        """Return the turn whose tokens a provider would charge for, or None after an error."""
        return self.turn if self.turn.status == 200 else None


def dated(model: str) -> str:
    """Return the name under which a provider answers for `model`."""
    return DATED.get(model, model)
