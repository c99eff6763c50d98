"""A LlamaIndex agent with a tool. LlamaIndex has an environment of its own."""

import asyncio

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai import OpenAI

import spanledger

spanledger.configure(service="geography", instrument=["llama-index", "openai"])


def population(city: str) -> str:
    """Tell how many people live in a city."""
    return f"{city}: 126,000"


agent = FunctionAgent(name="geographer", tools=[population], llm=OpenAI(model="gpt-4o-mini"))


async def main() -> None:
    """Ask once."""
    with spanledger.session("geography-1", user="ada"):
        print(await agent.run("How many live in Ulm?"))


asyncio.run(main())
