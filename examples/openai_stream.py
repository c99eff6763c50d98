"""An agent on OpenAI's client that streams; the tokens of its streams are known all the same."""

import json
from typing import Any

import openai

import spanledger

spanledger.configure(service="weather", instrument=["openai"])
client = openai.OpenAI()

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "temperature",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


@spanledger.tool
def temperature(city: str) -> str:
    """Measure; here it is always the same."""
    return f"21 °C in {city}"


def streamed(messages: list[Any]) -> tuple[str, dict[int, Any]]:
    """Print what the model says while it says it; return it, and its tool calls."""
    said, calls = "", dict[int, Any]()
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=messages, tools=TOOLS, stream=True
    )
    for chunk in stream:
        delta = chunk.choices[0].delta
        said += delta.content or ""
        print(delta.content or "", end="", flush=True)
        for piece in delta.tool_calls or ():
            call = calls.setdefault(piece.index, {"id": piece.id, "type": "function"} | no_words())
            call["function"]["name"] += (piece.function and piece.function.name) or ""
            call["function"]["arguments"] += (piece.function and piece.function.arguments) or ""
    return said, calls


def no_words() -> dict[str, Any]:
    """Return a tool call of which nothing has arrived."""
    return {"function": {"name": "", "arguments": ""}}


@spanledger.agent("weather")
def answer(question: str) -> str:
    """Ask the model, call the tools it wants, until it has an answer."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        said, calls = streamed(messages)
        if not calls:
            return said
        messages.append({"role": "assistant", "tool_calls": list(calls.values())})
        for call in calls.values():
            result = temperature(**json.loads(call["function"]["arguments"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})


with spanledger.session("weather-in-Ulm", user="ada", tags=["stream"]):
    answer("How warm is it in Ulm?")
print()
