"""Spanledger: see what your agents did and what it cost.

import spanledger

spanledger.configure()

@spanledger.agent
def answer(question): ...
"""

from typing import TYPE_CHECKING

from spanledger.approval import Denied, require_approval, require_approval_async
from spanledger.configure import configure, flush, shutdown
from spanledger.decorators import agent, llm_call, observe, retriever, step, tool, workflow
from spanledger.export.delivery import Delivery
from spanledger.guard import BudgetExceeded, LoopDetected, Stopped
from spanledger.marks import add_cost, decision, escalation, feedback, state, waiting_for
from spanledger.session import session
from spanledger.settings import SettingInvalid
from spanledger.spans import span
from spanledger.states import StateMachine, TransitionRefused
from spanledger.usage import record_usage

__all__ = [
    "BudgetExceeded",
    "Delivery",
    "Denied",
    "LoopDetected",
    "SettingInvalid",
    "StateMachine",
    "Stopped",
    "TransitionRefused",
    "__version__",
    "add_cost",
    "agent",
    "configure",
    "decision",
    "escalation",
    "feedback",
    "flush",
    "llm_call",
    "observe",
    "record_usage",
    "require_approval",
    "require_approval_async",
    "retriever",
    "session",
    "shutdown",
    "span",
    "state",
    "step",
    "tool",
    "waiting_for",
    "workflow",
]

__version__: str

if not TYPE_CHECKING:  # a checker would take it for leave to misspell every name

    def __getattr__(name: str) -> str:
        """Return the version when somebody asks: reading it takes as long as loading all this."""
        if name != "__version__":
            raise AttributeError(f"module 'spanledger' has no attribute {name!r}")
        from importlib.metadata import version

        return version("spanledger")
