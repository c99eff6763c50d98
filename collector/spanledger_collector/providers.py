"""Provider names: whatever an emitter calls a provider in, the one name we use out.

Knows names only: no prices, no attributes. `fold` keeps Vertex AI apart from the Gemini API,
because the same model has another price there.

Sources: OpenTelemetry GenAI conventions (`gen_ai.provider.name`, and `gen_ai.system` up to 1.36);
names seen from OpenInference, OpenLLMetry, Vercel AI SDK, LiteLLM and LangChain.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

FRAMEWORKS = frozenset(
    {
        "langchain",
        "langgraph",
        "crewai",
        "strands-agents",
        "strands",
        "microsoft.agent_framework",
        "agent_framework",
        "autogen",
        "ag2",
        "llama_index",
        "llamaindex",
        "dspy",
        "haystack",
        "smolagents",
        "pydantic-ai",
        "semantic_kernel",
        "openai-agents",
    }
)
"""What sits in provider attributes without being one: the model name has to tell instead."""

GATEWAYS = frozenset({"litellm", "litellm_proxy", "vercel", "gateway", "portkey", "helicone"})
"""They pass calls on: the part of the model name before the slash is the provider."""

FOLDS: Mapping[str, str] = MappingProxyType(
    {
        alias: name
        for name, aliases in {
            "openai": "openai openai.chat openai.responses openai.completion openai.embedding",
            "azure": "azure azure.ai.openai az.ai.openai azure.ai.inference az.ai.inference"
            " azure_openai azure-openai azureopenai azure_ai azure.ai.foundry microsoft.foundry",
            "anthropic": "anthropic anthropic.messages claude",
            "google": "google gcp.gemini gemini gcp.gen_ai google.generative-ai"
            " google_genai google-genai google_generativeai googleai google_ai_studio",
            "vertex": "vertex gcp.vertex_ai vertex_ai vertexai vertex-ai gcp.vertex.agent"
            " google.vertex google.vertex.chat google_vertexai google-vertex chatvertexai"
            " google.vertex.anthropic vertex_ai_beta",
            "bedrock": "bedrock aws.bedrock aws amazon amazon-bedrock amazon_bedrock"
            " bedrock_converse aws_bedrock chatbedrock bedrock-converse",
            "mistral": "mistral mistral_ai mistralai mistral.ai mistral-ai mistral.chat",
            "xai": "xai x_ai x-ai x.ai grok xai.chat",
            "deepseek": "deepseek deepseek.chat deep_seek",
            "groq": "groq groq.chat chatgroq",
            "cohere": "cohere cohere.chat cohere_chat",
            "perplexity": "perplexity perplexity.ai pplx",
            "voyageai": "voyageai voyage voyage_ai voyage-ai",
            "moonshotai": "moonshotai moonshot moonshot_ai moonshot-ai",
            "together": "together together_ai together-ai togetherai together.ai",
            "fireworks": "fireworks fireworks_ai fireworks-ai fireworks.ai",
            "openrouter": "openrouter open_router",
            "cerebras": "cerebras cerebras.chat",
            "zai": "zai z.ai z-ai z_ai",
        }.items()
        for alias in aliases.split()
    }
)

OWN_MODELS: tuple[tuple[str, str], ...] = (
    ("gpt-oss", ""),  # open weights: many hosts, each with its own price
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-3", "openai"),
    ("text-embedding-ada", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "google"),
    ("grok-", "xai"),
    ("mistral-", "mistral"),
    ("codestral-", "mistral"),
    ("command-", "cohere"),
    ("deepseek-", "deepseek"),
    ("sonar", "perplexity"),
    ("voyage-", "voyageai"),
)
"""Beginnings of model names that only their maker sells under this name. First match wins."""


def fold(provider: str | None) -> str:
    """Return our name of a provider; one we never heard of keeps its own, in lower case.

    Frameworks, gateways and nothing at all are '': `infer` then asks the model name.
    """
    name = (provider or "").strip().lower()
    if name in FRAMEWORKS or name in GATEWAYS or ADDRESS.fullmatch(name):
        return ""
    name = name.removesuffix("_llm")  # how LlamaIndex names its classes
    return FOLDS.get(name) or next((own for end, own in HOSTS if name.endswith(end)), name)


ADDRESS = re.compile(r"(?:localhost|\d+\.\d+\.\d+\.\d+)(?::\d+)?|[\w.-]+:\d+")
"""A host of somebody's own, in the place of a provider: who knows what it passes calls on to."""

HOSTS: tuple[tuple[str, str], ...] = (
    # LiveKit names the host that it asks
    ("api.openai.com", "openai"),
    (".openai.azure.com", "azure"),
    (".services.ai.azure.com", "azure"),
    ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "google"),
    ("aiplatform.googleapis.com", "vertex"),
    (".amazonaws.com", "bedrock"),
    ("api.mistral.ai", "mistral"),
    ("api.x.ai", "xai"),
    ("api.deepseek.com", "deepseek"),
    ("api.groq.com", "groq"),
    ("api.cohere.com", "cohere"),
    ("api.perplexity.ai", "perplexity"),
    ("api.together.xyz", "together"),
    ("api.together.ai", "together"),
    ("api.fireworks.ai", "fireworks"),
    ("openrouter.ai", "openrouter"),
    ("api.cerebras.ai", "cerebras"),
)
"""Ends of the hosts that are a provider's."""


def infer(model: str) -> str:
    """Return the provider a model name gives away, by its route prefix or its family, or ''."""
    name = model.strip().lower()
    route, slash, _ = name.partition("/")
    if slash:
        return FOLDS.get(route, "")
    return next((owner for start, owner in OWN_MODELS if name.startswith(start)), "")
