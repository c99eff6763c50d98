"""One model call in one session: what any program that calls a model can say about it."""

import spanledger

spanledger.configure()


@spanledger.llm_call(model="gpt-4o", provider="openai")
def ask(question: str) -> str:
    """Call the model; here it has answered already."""
    spanledger.record_usage(model="gpt-4o-2024-08-06", input_tokens=1200, output_tokens=80)
    return "It is on its way."


with spanledger.session("my-first-session"):
    ask("Where is my order?")
