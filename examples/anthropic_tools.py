"""A plain tool loop on Anthropic's client: arguments are validated, and rounds are capped."""

from typing import Any

import anthropic

import spanledger

spanledger.configure(service="refunds", instrument=["anthropic"])
client = anthropic.Anthropic()

MOST_ROUNDS = 5
TOOLS: list[Any] = [
    {
        "name": "issue_refund",
        "description": "Pay money back for an order.",
        "input_schema": {
            "type": "object",
            "properties": {"order": {"type": "string"}, "usd": {"type": "number"}},
            "required": ["order", "usd"],
        },
    }
]


@spanledger.tool
def issue_refund(order: str, usd: float) -> str:
    """Pay money back; here it is a made-up receipt."""
    return f"RF-77: {usd:.2f} USD for {order}"


def validated(call: Any) -> dict[str, Any]:
    """Run one tool call of the model, or tell the model why not."""
    if call.input["usd"] > 100:
        why = "a refund is at most 100.00 USD"
        spanledger.decision(call.name, call.input, "blocked", "refund limit", reason=why)
        return {"type": "tool_result", "tool_use_id": call.id, "content": why, "is_error": True}
    spanledger.decision(call.name, call.input, "allowed", "refund limit")
    receipt = issue_refund(**call.input)
    return {"type": "tool_result", "tool_use_id": call.id, "content": receipt}


@spanledger.agent("refunds")
def answer(question: str) -> str:
    """Ask the model until it calls no more tools, and not for ever."""
    messages: list[Any] = [{"role": "user", "content": question}]
    for _ in range(MOST_ROUNDS):
        reply = client.messages.create(
            model="claude-haiku-4-5", max_tokens=500, tools=TOOLS, messages=messages
        )
        calls = [block for block in reply.content if block.type == "tool_use"]
        if not calls:
            return "".join(block.text for block in reply.content if block.type == "text")
        results = [validated(call) for call in calls]
        messages += [
            {"role": "assistant", "content": reply.content},
            {"role": "user", "content": results},
        ]
    spanledger.escalation(f"no answer after {MOST_ROUNDS} rounds")
    return "A colleague will look into it."


with spanledger.session("refund-B-2", user="ada"):
    print(answer("My order B-2 came broken; it was 84.50."))
with spanledger.session("refund-B-3", user="bob"):
    print(answer("My order B-3 came broken."))
