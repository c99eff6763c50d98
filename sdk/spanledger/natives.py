"""Libraries that send spans by themselves once they are told to.

Each function switches one on, after it was imported, and returns whether it was on already.
"""

from collections.abc import Callable


def pydantic_ai(content: bool) -> bool:
    """Let every agent of Pydantic AI send spans; an agent's own setting goes before this."""
    from pydantic_ai import Agent
    from pydantic_ai.models.instrumented import InstrumentationSettings

    if Agent._instrument_default:  # there is no public way to ask
        return True
    Agent.instrument_all(InstrumentationSettings(include_content=content))
    return False


SWITCHES: dict[str, Callable[[bool], bool]] = {"pydantic-ai": pydantic_ai}
"""By the name of the library; the argument says whether content is to be recorded."""
