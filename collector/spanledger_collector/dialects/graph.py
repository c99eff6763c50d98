"""LangGraph's own metadata, which every library that traces it passes on under another name.

Takes the metadata of a run (a plain mapping), fills in what they say of the graph: the node that
this span is an execution of or the one it routed to, the session and the thread it belongs to.
"""

import re
from collections.abc import Mapping

from spanledger_collector.dialects import (
    INVALID,
    METADATA_SESSION,
    THREAD_SESSION,
    parsed,
    text,
    texts,
    whole,
)
from spanledger_schema.span import Facts, Value

AGENT = "lc_agent_name"  # LangChain tells every run inside an agent whose it is
SESSION_KEYS = (
    "session_id", "sessionId", "session.id", "langfuse_session_id", "langfuseSessionId",
    "conversation_id", "conversationId", "chat_id", "chatId",
)  # fmt: skip
USER_KEYS = ("user_id", "userId", "user.id", "langfuse_user_id", "langfuseUserId")
ENDS = ("__start__", "__end__")  # of a graph; JavaScript runs the one as if it were a node
LONGEST_NAME = 128  # characters; a longer "name" of a node is prose
SEND = re.compile(r"Send\(node='([^']+)'")


def graph_node(facts: Facts, metadata: Mapping[str, Value], name: str) -> None:
    """Make `facts` those of a node when the run that the metadata describe is the node itself.

    Everything inside a node carries the node's metadata too; only the node bears its name. Its
    checkpoint namespace is one per logical execution: retries and resumed runs share it. The
    same holds of an agent, whose run is a graph of its own.
    """
    node = metadata.get("langgraph_node")
    if not isinstance(node, str) or not node or node != name or node in ENDS:
        if name == metadata.get(AGENT):
            facts.kind, facts.agent = "agent", name
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


def whose(facts: Facts, metadata: Mapping[str, Value]) -> None:
    """Take session, user and agent from metadata, where nothing else on the span names them."""
    session = text(metadata, *SESSION_KEYS)
    if session and facts.session_rank > METADATA_SESSION:
        facts.session_id, facts.session_rank = session, METADATA_SESSION
    graph_thread(facts, metadata)
    if facts.user_id is None:
        facts.user_id = text(metadata, *USER_KEYS)
    if facts.agent is None:
        facts.agent = text(metadata, AGENT)


def routed(facts: Facts, metadata: Mapping[str, Value], name: str, output: Value) -> None:
    """Make `facts` those of a router when the run inside a node answered with a node's name.

    Whether there is a node of that name only the trace can tell.
    """
    node = text(metadata, "langgraph_node")
    if node and node != name and (target := routed_to(output)):
        facts.state_from, facts.state_to, facts.reason = node, target, name


def routed_to(output: Value) -> str | None:
    """Return the next node that a router answered, several with commas between them, or None."""
    found = parsed(output)
    targets = found if isinstance(found, list) else [found]
    names = [name for target in targets for name in targeted(target)]
    if not names or not all(isinstance(name, str) and is_name(name) for name in names):
        return None
    return ", ".join(dict.fromkeys(str(name) for name in names))


def targeted(target: Value) -> list[Value]:
    """Return the nodes that one answer of a router names: itself, or those it sends to."""
    if isinstance(target, dict):
        return [target.get("node")]
    sent = SEND.findall(target) if isinstance(target, str) else []
    return sent or [target]


def is_name(value: str) -> bool:
    """Tell whether a text can be the name of a node: short, one line, no structure."""
    return 0 < len(value) <= LONGEST_NAME and value[0] not in "{[<(" and "\n" not in value


EDGE = re.compile(r"\s*->\s*")


def drawing(attributes: Mapping[str, Value]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the nodes and edges of a graph that a span describes without running it."""
    nodes = texts(attributes.get("gen_ai.graph.nodes") or attributes.get("gen_ai.workflow.nodes"))
    edges = texts(attributes.get("gen_ai.graph.edges") or attributes.get("gen_ai.workflow.edges"))
    pairs = [EDGE.split(edge, maxsplit=1) for edge in edges]
    return nodes, tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2)
