"""A Pydantic AI agent whose tool makes the model try again, and whose answer has a type."""

from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry

import spanledger

spanledger.configure(service="bank", instrument=["pydantic-ai"])


class Balance(BaseModel):
    """What the agent answers."""

    account: str
    usd: float


agent = Agent("openai-chat:gpt-4o-mini", output_type=Balance, name="bank", retries=2)


@agent.tool_plain
def balance(account: str) -> float:
    """Return what is on an account."""
    if account != "ada-1":
        raise ModelRetry("accounts are called NAME-NUMBER")
    return 12.5


with spanledger.session("bank-7", user="ada"):
    print(agent.run_sync("What is on my first account? I am ada.").output)
