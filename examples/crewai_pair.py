"""A crew of two agents: one finds out, one writes. CrewAI has an environment of its own."""

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool

import spanledger

spanledger.configure(service="crew", instrument=["crewai", "openai"])
llm = LLM(model="openai/gpt-4o-mini")


@tool("population")
def population(city: str) -> str:
    """Tell how many people live in a city."""
    return f"{city}: 126,000"


finder = Agent(
    role="finder", goal="find facts", backstory="You know where to look.", llm=llm,
    tools=[population],
)  # fmt: skip
writer = Agent(role="writer", goal="write", backstory="You write short.", llm=llm)
facts = Task(description="How many live in Ulm?", expected_output="a number", agent=finder)
text = Task(description="Write a sentence.", expected_output="a sentence", agent=writer)

with spanledger.session("crew-1", user="ada"):
    print(Crew(agents=[finder, writer], tasks=[facts, text]).kickoff())
