"""Taking words out of a request before anything of it is written down.

A project and the bytes of a request come in; the bytes to keep go out, with how often each rule
took something. Where no rule of the project matches, those are the very bytes that came. Numbers,
ids, models, usage and dollars are never touched: what is taken out never moves a total.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from spanledger_collector.decode import Encoding, Signal
from spanledger_collector.redact import json_body, proto_body
from spanledger_collector.redact.rules import BadRule, Rule, load

__all__ = ["BadRule", "Redaction", "Rule", "load"]

PREFIXES = ("gen_ai.usage.", "llm.token_count.", "llm.usage.", "llm.cost.", "spanledger.usage.",
            "spanledger.cost.", "spanledger.price.", "openinference.")  # fmt: skip
LAST = frozenset(
    ["id", "session_id", "user_id", "thread_id", "run_id", "model", "model_name", "model_id", "provider",
     "provider_name", "system", "kind", "operation", "cost", "tokens", "usage", "usage_details",
     "cost_details", "usage_metadata", "token_usage", "observation_type", "type"]
)  # fmt: skip
EXACT = frozenset(
    ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.agent.name", "gen_ai.tool.name",
     "service.name", "langfuse.observation.usage_details", "langfuse.observation.cost_details"]
)  # fmt: skip


def protected(key: str) -> bool:
    """Tell whether an attribute says whose a span is, what it was, or what it used."""
    last = key.rpartition(".")[2]
    return key.startswith(PREFIXES) or key in EXACT or last in LAST or last.endswith("_tokens")


@dataclass(slots=True)
class Pen:
    """Blacks out the texts of one request and counts what it took, by rule."""

    rules: Sequence[Rule]
    taken: Counter[str] = field(default_factory=Counter)

    def text(self, said: str) -> str:
        """Return a text without what the patterns match."""
        for rule in self.rules:
            if rule.pattern is not None:
                said = rule.pattern.sub(self._instead(rule), said)
        return said

    def _instead(self, rule: Rule) -> Callable[[re.Match[str]], str]:
        def replaced(match: re.Match[str]) -> str:
            if not rule.is_one(match[0]):
                return match[0]
            return self.mark(rule)

        return replaced

    def whole(self, key: str) -> Rule | None:
        """Return the rule by which the whole value of an attribute goes, None where it stays."""
        return next((rule for rule in self.rules if rule.takes(key)), None)

    def mark(self, rule: Rule) -> str:
        """Return what stands where something was taken out, and count it."""
        self.taken[rule.name] += 1
        return f"[redacted:{rule.name}]"

    def spares(self, key: str) -> bool:
        """Tell whether an attribute is none of the rules' business."""
        return protected(key)


class Redaction:
    """The rules of a server. Without any, nothing is looked at."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)

    def applied(
        self, project_id: str, signal: Signal, encoding: Encoding, body: bytes
    ) -> tuple[bytes, Counter[str]]:
        """Return a request that was found readable without what has to go, and the counts by rule."""
        rules = [rule for rule in self._rules if rule.covers(project_id)]
        if not rules or signal == "metrics":
            return body, Counter()
        pen = Pen(rules)
        black = proto_body.blacked if encoding == "protobuf" else json_body.blacked
        made = black(body, signal, pen)
        return (made, pen.taken) if pen.taken else (body, pen.taken)
