"""The table of libraries that can be recorded, and by which instrumentation package, best first.

Data alone: looks nothing up and imports nothing of the libraries. What a package sends was seen in
recordings of it; the reasons below say what decided.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instrumentor:
    """A package that records one library. `target` is its `module:Class`."""

    distribution: str
    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Library:
    """A library that calls models.

    `module` is what a program imports of it. `native`: it sends spans by itself, once it is told
    to by `spanledger.natives`. `extra` is ours that brings the first instrumentor.
    """

    name: str
    distribution: str
    module: str
    instrumentors: tuple[Instrumentor, ...] = ()
    extra: str | None = None
    native: bool = False

    @property
    def install(self) -> str:
        """Return the command that brings what records it."""
        if self.extra:
            return f"pip install 'spanledger[{self.extra}]'"
        return f"pip install {self.instrumentors[0].distribution}"


def genai(name: str, cls: str, why: str) -> Instrumentor:
    """Return OpenTelemetry's own package for a library."""
    dashed = name.replace("_", "-")
    return Instrumentor(
        f"opentelemetry-instrumentation-genai-{dashed}",
        f"opentelemetry.instrumentation.genai.{name}:{cls}",
        why,
    )


def openinference(name: str, cls: str, why: str) -> Instrumentor:
    """Return the package of OpenInference for a library."""
    dashed = name.replace("_", "-")
    return Instrumentor(
        f"openinference-instrumentation-{dashed}",
        f"openinference.instrumentation.{name}:{cls}",
        why,
    )


def openllmetry(name: str, cls: str, why: str) -> Instrumentor:
    """Return the package of OpenLLMetry for a library."""
    dashed = name.replace("_", "-")
    return Instrumentor(
        f"opentelemetry-instrumentation-{dashed}",
        f"opentelemetry.instrumentation.{name}:{cls}",
        why,
    )


WHOLE = "keeps a conversation in one attribute, so that long chats lose none of them"
FLAT = "spreads a conversation over many attributes; long chats lose the first ones"
LATER = "the current conventions, in the shape of an older library"
ONLY = "the one that is kept up to date"

LIBRARIES = (
    Library(
        "openai", "openai", "openai",
        (
            genai("openai", "OpenAIInstrumentor", WHOLE),
            openllmetry("openai", "OpenAIInstrumentor", LATER),
            openinference("openai", "OpenAIInstrumentor", FLAT),
            Instrumentor(
                "opentelemetry-instrumentation-openai-v2",
                "opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor",
                "does not know the responses API",
            ),
        ),
        extra="openai",
    ),
    Library(
        "anthropic", "anthropic", "anthropic",
        (
            genai("anthropic", "AnthropicInstrumentor", WHOLE),
            openinference("anthropic", "AnthropicInstrumentor", FLAT),
            openllmetry("anthropic", "AnthropicInstrumentor", "counts a token too many in streams"),
        ),
        extra="anthropic",
    ),
    Library(
        "langchain", "langchain-core", "langchain_core",
        (
            openinference("langchain", "LangChainInstrumentor", "tells nodes and routes of graphs"),
            openllmetry("langchain", "LangchainInstrumentor", "tells nodes, repeats all content"),
            genai("langchain", "LangChainInstrumentor", "tells no nodes of graphs"),
        ),
        extra="langchain",
    ),
    Library(
        "openai-agents", "openai-agents", "agents",
        (
            openinference("openai_agents", "OpenAIAgentsInstrumentor", "names both ends of handoffs"),
            genai("openai_agents", "OpenAIAgentsInstrumentor", "names the agents, not the handoff"),
            openllmetry("openai_agents", "OpenAIAgentsInstrumentor", "handoffs go to 'unknown'"),
        ),
        extra="openai-agents",
    ),
    Library(
        "llama-index", "llama-index-core", "llama_index.core",
        (
            openinference("llama_index", "LlamaIndexInstrumentor", "tells steps and tools"),
            openllmetry("llamaindex", "LlamaIndexInstrumentor", "tells tasks"),
            genai("llama_index", "LlamaIndexInstrumentor", "young"),
        ),
        extra="llama-index",
    ),
    Library(
        "crewai", "crewai", "crewai",
        (
            openinference("crewai", "CrewAIInstrumentor", "tells agents by their role"),
            openllmetry("crewai", "CrewAIInstrumentor", "calls crews and tasks agents, too"),
        ),
        extra="crewai",
    ),
    Library(
        "google-genai", "google-genai", "google.genai",
        (
            Instrumentor(
                "opentelemetry-instrumentation-google-genai",
                "opentelemetry.instrumentation.google_genai:GoogleGenAiSdkInstrumentor",
                WHOLE,
            ),
            openinference("google_genai", "GoogleGenAIInstrumentor", FLAT),
        ),
        extra="google-genai",
    ),
    Library("pydantic-ai", "pydantic-ai-slim", "pydantic_ai", native=True),
    Library("cohere", "cohere", "cohere", (openllmetry("cohere", "CohereInstrumentor", ONLY),)),
    Library("dspy", "dspy", "dspy", (openinference("dspy", "DSPyInstrumentor", ONLY),)),
    Library("groq", "groq", "groq", (openinference("groq", "GroqInstrumentor", ONLY),)),
    Library(
        "haystack", "haystack-ai", "haystack",
        (openinference("haystack", "HaystackInstrumentor", ONLY),),
    ),
    Library(
        "litellm", "litellm", "litellm", (openinference("litellm", "LiteLLMInstrumentor", ONLY),)
    ),
    Library(
        "mistralai", "mistralai", "mistralai",
        (openinference("mistralai", "MistralAIInstrumentor", ONLY),),
    ),
    Library(
        "smolagents", "smolagents", "smolagents",
        (openinference("smolagents", "SmolagentsInstrumentor", ONLY),),
    ),
)  # fmt: skip

BY_NAME = {library.name: library for library in LIBRARIES}
