"""LangGraph's own metadata, which every library that traces it passes on under another name.

Takes the metadata of a run (a plain mapping), fills in what they say of the graph: the node that
this span is an execution of, and the thread it belongs to.
"""

from collections.abc import Mapping

from spanledger_collector.dialects import INVALID, THREAD_SESSION, whole
from spanledger_schema.span import Facts, Value


def graph_node(facts: Facts, metadata: Mapping[str, Value], name: str) -> None:
    """Make `facts` those of a node when the run that the metadata describe is the node itself.

    Everything inside a node carries the node's metadata too; only the node bears its name. Its
    checkpoint namespace is one per logical execution: retries and resumed runs share it.
    """
    node = metadata.get("langgraph_node")
    if not isinstance(node, str) or not node or node != name:
        return
    facts.kind, facts.node = "node", node
    run = metadata.get("langgraph_checkpoint_ns") or metadata.get("checkpoint_ns")
    facts.node_run = run if isinstance(run, str) else None
    step = whole(metadata.get("langgraph_step"))
    facts.node_step = None if step == INVALID else step


def graph_thread(facts: Facts, metadata: Mapping[str, Value]) -> None:
    """Take the thread of a graph for the session, below every id that an application set."""
    thread = metadata.get("thread_id")
    if isinstance(thread, str) and thread and facts.session_rank > THREAD_SESSION:
        facts.session_id, facts.session_rank = thread, THREAD_SESSION
