"""Two agents of the OpenAI Agents SDK: the first hands the conversation over to the second."""

from agents import Agent, Runner, function_tool

import spanledger

spanledger.configure(service="desk", instrument=["openai-agents"])


@function_tool
def issue_refund(order: str) -> str:
    """Pay money back for an order."""
    return f"RF-77 for {order}"


billing = Agent(name="billing", instructions="You pay back.", model="gpt-4o", tools=[issue_refund])
triage = Agent(name="triage", instructions="You ask who helps.", model="gpt-4o", handoffs=[billing])

with spanledger.session("desk-42", user="ada"):
    print(Runner.run_sync(triage, "My order B-2 came broken.").final_output)
