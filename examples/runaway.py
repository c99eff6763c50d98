"""An agent that would never stop, and the budget that stops it."""

from typing import Any

import openai

import spanledger

spanledger.configure(service="runaway", instrument=["openai"])
client = openai.OpenAI()


@spanledger.tool
def search(words: str) -> str:
    """Find nothing."""
    return f"nothing about {words}"


@spanledger.agent("researcher")
def research(question: str) -> None:
    """Ask and search, again and again."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        said = client.chat.completions.create(model="gpt-4o", messages=messages)
        text = str(said.choices[0].message.content)
        messages += [{"role": "assistant", "content": text}]
        messages += [{"role": "user", "content": search(text)}]


try:
    with spanledger.session("runaway-1", user="ada", max_usd="0.01", max_steps=50):
        research("Why is there something?")
except spanledger.BudgetExceeded as stop:
    print(f"stopped: {stop}")
