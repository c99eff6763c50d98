"""LangGraph without an instrumentor: a callback handler that records graphs, nodes and transitions.

A run of a graph becomes a workflow, each run of a node a step below it, and each way to a node a
change of state. Where LangChain's instrumentor is on it records the runs, and this the ways alone.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry import context as contexts
from opentelemetry.context import Context

from spanledger import health
from spanledger.guard import BudgetExceeded
from spanledger.instrument import active_one
from spanledger.instrumentors import BY_NAME
from spanledger.kinds import Shape, shape
from spanledger.marks import state
from spanledger.recording import Recording, begin
from spanledger.threads import within
from spanledger_schema import attributes as ours

HIDDEN = "langsmith:hidden"
"""The tag of what LangGraph runs for itself."""


@dataclass(slots=True)
class Run:
    """Something that LangChain runs: a graph, a node of it, or whatever runs inside a node."""

    name: str
    space: str | None
    """The checkpoint namespace: one for each run of a node, and for all that runs inside it."""
    context: Context
    """What begins inside begins here."""
    recording: Recording | None = None
    step: int | None = None
    """Of a graph: the last step that began, the nodes of that one, and of the one before."""
    nodes: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)


class GraphHook(BaseCallbackHandler):
    """`graph.invoke(state, {"callbacks": [GraphHook()]})`; one hook may serve many runs at once."""

    run_inline = True  # in the very context of the node, a coroutine's too
    raise_error = True  # a limit of the session stops the graph; nothing else is raised here

    def __init__(self) -> None:
        self._runs: dict[UUID, Run] = {}
        self._lock = threading.Lock()

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Begin to record a graph or a node.

        Raises:
            BudgetExceeded: a limit of the session is reached.
        """
        try:
            above = self._runs.get(parent_run_id) if parent_run_id else None
            name = str(kwargs.get("name") or "graph")
            hidden = HIDDEN in (tags or ())
            self._runs[run_id] = self.begun(above, name, inputs, metadata or {}, hidden)
        except BudgetExceeded:
            raise
        except Exception as error:  # noqa: BLE001 – S-02
            health.swallowed("langgraph", error)

    def begun(
        self, above: Run | None, name: str, inputs: Any, told: Mapping[str, Any], hidden: bool
    ) -> Run:
        """Return a run that begins; what is neither a graph nor a node has no span."""
        space = told.get("langgraph_checkpoint_ns")
        if above is None:
            run = Run(name, space, contexts.get_current())
            return run if recorded_by_another() else opened(run, shape("workflow", name), inputs)
        run = Run(name, space, above.context)
        if hidden or name != told.get("langgraph_node") or space == above.space:
            return run
        within(above.context, self.come)(above, name, told.get("langgraph_step"))
        return run if recorded_by_another() else opened(run, node(name, told), inputs)

    def come(self, graph: Run, name: str, step: int | None) -> None:
        """Record the way to a node, once a step: it may be tried again, or be sent many things."""
        with self._lock:
            if step != graph.step:
                graph.step, graph.before, graph.nodes = step, graph.nodes, []
            if name in graph.nodes:
                return
            graph.nodes.append(name)
        state(", ".join(graph.before) or None, name, of=graph.name)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a graph or a node."""
        self.ended(run_id, lambda recording: recording.finish(outputs))

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a graph or a node that failed, or waits for a person."""
        self.ended(run_id, lambda recording: recording.fail(error))

    def ended(self, run_id: UUID, tell: Callable[[Recording], None]) -> None:
        """Forget a run."""
        run = self._runs.pop(run_id, None)
        if run is not None and run.recording is not None:
            tell(run.recording)


def recorded_by_another() -> bool:
    """Tell whether LangChain's instrumentor records the runs."""
    return active_one(BY_NAME["langchain"]) is not None


def node(name: str, told: Mapping[str, Any]) -> Shape:
    """Return the shape of a node's run."""
    known = {
        ours.NODE_RUN: told.get("langgraph_checkpoint_ns"),
        ours.NODE_STEP: told.get("langgraph_step"),
    }
    return shape("node", name, None, {k: v for k, v in known.items() if v is not None})


def opened(run: Run, what: Shape, inputs: Any) -> Run:
    """Return a run with its span open; a node that is no coroutine runs with it as the current one.

    A coroutine's end is told in another context than its beginning, where nothing can be put back.
    """
    run.recording = within(run.context, begin)(what, lambda: inputs, entered=False)
    if run.recording is not None:
        run.context = run.recording.context
        if what.kind == "node" and not in_coroutine():
            run.recording.enter()
    return run


def in_coroutine() -> bool:
    """Tell whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
