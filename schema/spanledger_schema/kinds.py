"""What a span can be, in our words; apart from the records, so that the SDK loads nothing else."""

from typing import Literal

Kind = Literal[
    "llm",  # a call of a chat, completion or responses model
    "embedding",
    "rerank",
    "tool",  # a tool call
    "agent",
    "workflow",
    "node",  # a step of a graph
    "retriever",
    "guardrail",
    "evaluator",
    "decision",  # a policy verdict or an approval
    "wait",  # for a person, or whatever else is no work of ours
    "state",  # a state change
    "handoff",
    "event",  # a zero-length marker
    "http",  # transport below a call
    "span",  # anything else
]

CALLS: frozenset[str] = frozenset({"llm", "embedding", "rerank"})
"""The kinds that a provider bills: what the word "call" means everywhere."""
