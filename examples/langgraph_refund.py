"""A refund agent as a LangGraph graph: a step is tried again, and a person approves the payment."""

from typing import Any, TypedDict

from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt

import spanledger

spanledger.configure(service="refunds", instrument=["langchain"])
model = ChatOpenAI(model="gpt-4o-mini")
tries = iter([True, False])  # the first look-up fails


class Refund(TypedDict, total=False):
    """What the graph knows."""

    order: str
    usd: float
    plan: str
    approved: bool
    receipt: str


@spanledger.tool
def look_up(order: str) -> float:
    """Return what the order cost; the database is away at first."""
    if next(tries):
        raise ConnectionError("the database is away")
    return 84.5


def find(state: Refund) -> Refund:
    """Find the order."""
    return {"usd": look_up(state["order"])}


def plan(state: Refund) -> Refund:
    """Let the model say what is to be done."""
    said = model.invoke(f"Order {state['order']} at {state['usd']} USD came broken. What to do?")
    return {"plan": str(said.content)}


def approve(state: Refund) -> Refund:
    """Wait for a person."""
    answer: dict[str, Any] = interrupt({"question": "Refund?", "usd": state["usd"]})
    verdict = "approved" if answer["yes"] else "denied"
    spanledger.decision("pay", {"usd": state["usd"]}, verdict, actor=answer["who"])  # type: ignore[arg-type]
    return {"approved": answer["yes"]}


def pay(state: Refund) -> Refund:
    """Pay."""
    spanledger.state("approved", "refunded", reason="RF-77 is booked", of=state["order"])
    return {"receipt": "RF-77"}


def way(state: Refund) -> str:
    """Return where to go after the person's answer."""
    return "pay" if state["approved"] else END


builder = StateGraph(Refund)
builder.add_node("find", find, retry_policy=RetryPolicy(initial_interval=0.01, max_attempts=2))
builder.add_node("plan", plan)
builder.add_node("approve", approve)
builder.add_node("pay", pay)
builder.add_edge(START, "find")
builder.add_edge("find", "plan")
builder.add_edge("plan", "approve")
builder.add_conditional_edges("approve", way, ["pay", END])
graph = builder.compile(checkpointer=InMemorySaver(), name="refunds")
thread: Any = {"configurable": {"thread_id": "thread-1"}}

with spanledger.session("refund-graph", user="ada"):
    graph.invoke({"order": "B-2"}, thread)
with spanledger.session("refund-graph", user="ada"):  # hours later, perhaps in another process
    done = graph.invoke(Command(resume={"yes": True, "who": "grace"}), thread)
print(done["plan"], done["receipt"])
