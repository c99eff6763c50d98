"""What the scripted provider answers to each example."""

from examples.offline.script import Script, ToolCall, Turn

TOO_MUCH = ToolCall("issue_refund", {"order": "B-2", "usd": 845.0})
RIGHT = ToolCall("issue_refund", {"order": "B-2", "usd": 84.5})
AGAIN = ToolCall("issue_refund", {"order": "B-3", "usd": 500.0})
PEOPLE = ToolCall("population", {"city": "Ulm"})
ULM = ToolCall("temperature", {"city": "Ulm"})

SCRIPTS = {
    "anthropic_tools": Script(
        (
            Turn("I will refund it.", (TOO_MUCH,), 900, 60, cache_write_tokens=800),
            Turn("", (RIGHT,), 1000, 50, cached_tokens=800, after="at most 100.00"),
            Turn("84.50 USD are on their way.", (), 1100, 30, cached_tokens=800, after="RF-77"),
            Turn("", (AGAIN,), 950, 40, cached_tokens=800),  # and so on, until the cap
        ),
        forever=True,
    ),
    "openai_stream": Script(
        (
            Turn("", (ULM,), 300, 15),
            Turn("It is 21 °C in Ulm.", (), 340, 12, cached_tokens=128, after="21 °C in Ulm"),
        )
    ),
    "langgraph_refund": Script((Turn("Pay the money back.", (), 220, 18, after="84.5"),)),
    "openai_agents_handoff": Script(
        (
            Turn("", (ToolCall("transfer_to_billing", {}),), 400, 12),
            Turn("", (ToolCall("issue_refund", {"order": "B-2"}),), 450, 16),
            Turn("Your refund is RF-77.", (), 500, 10, cached_tokens=256, after="RF-77 for B-2"),
        )
    ),
    "pydantic_ai_bank": Script(
        (
            Turn("", (ToolCall("balance", {"account": "ada"}),), 310, 20),
            Turn("", (ToolCall("balance", {"account": "ada-1"}),), 350, 20, after="NAME-NUMBER"),
            Turn("", (ToolCall("final_result", {"account": "ada-1", "usd": 12.5}),), 390, 25),
        )
    ),
    "runaway": Script((Turn("Let me search.", (), 1000, 50),), forever=True),
    "web_and_worker": Script((Turn("Whales are large.", (), 80, 9, after="whales"),)),
    "crewai_pair": Script(
        (
            Turn("", (PEOPLE,), 500, 20),
            Turn("126,000 people live in Ulm.", (), 560, 14, after="126,000"),
            Turn("Ulm has 126,000 people.", (), 300, 12),
        )
    ),
    "llama_index_agent": Script(
        (
            Turn("", (PEOPLE,), 200, 15),
            Turn("126,000 people live in Ulm.", (), 240, 14, after="126,000"),
        )
    ),
}
"""By the name of the example's module."""
