import pytest

from spanledger_collector.prices.catalogue import Entry, NotListed, find
from spanledger_collector.prices.names import base, candidates
from spanledger_collector.providers import fold, infer


@pytest.mark.parametrize(
    ("spellings", "name"),
    [
        (["openai", "OpenAI", " openai.chat ", "openai.responses"], "openai"),
        (["azure", "az.ai.openai", "azure.ai.openai", "azure.ai.inference"], "azure"),
        (["anthropic", "Anthropic"], "anthropic"),
        (["gcp.gemini", "gemini", "google", "gcp.gen_ai"], "google"),
        (["gcp.vertex_ai", "vertex_ai", "vertexai"], "vertex"),
        (["aws.bedrock", "aws", "amazon", "bedrock"], "bedrock"),
        (["mistral_ai", "mistralai", "mistral"], "mistral"),
        (["x_ai", "xai", "x-ai"], "xai"),
        (["vllm"], "vllm"),
        (["api.openai.com"], "openai"),
        (["acme.openai.azure.com"], "azure"),
        (["us-central1-aiplatform.googleapis.com"], "vertex"),
        (["bedrock-runtime.us-east-1.amazonaws.com"], "bedrock"),
        (["127.0.0.1:8000", "localhost", "10.0.0.7", "models.acme.internal:8080"], ""),
        (["langchain", "LangGraph", "strands-agents", "litellm", "", None], ""),
    ],
)
def test_every_spelling_of_a_provider_folds_to_one(spellings: list[str | None], name: str):
    assert {fold(spelling) for spelling in spellings} == {name}


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", "openai"),
        ("openai/gpt-4o", "openai"),
        ("claude-haiku-4-5", "anthropic"),
        ("gemini/gemini-2.5-pro", "google"),
        ("gpt-oss-120b", ""),
        ("llama-3.3-70b", ""),
        ("somebody/gpt-4o", ""),
    ],
)
def test_a_model_name_can_give_its_provider_away(model: str, provider: str):
    assert infer(model) == provider


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (" GPT-4o ", ["gpt-4o"]),
        ("openai/gpt-4o", ["openai/gpt-4o", "gpt-4o"]),
        (
            "groq/openai/gpt-oss-20b",
            ["groq/openai/gpt-oss-20b", "openai/gpt-oss-20b", "gpt-oss-20b"],
        ),
        ("somebody/gpt-4o", ["somebody/gpt-4o"]),
        ("models/gemini-2.5-pro", ["models/gemini-2.5-pro", "gemini-2.5-pro"]),
        (
            "projects/p/locations/global/publishers/google/models/gemini-2.5-pro",
            [
                "projects/p/locations/global/publishers/google/models/gemini-2.5-pro",
                "gemini-2.5-pro",
            ],
        ),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-haiku-4-5",
            ["us.anthropic.claude-haiku-4-5"],
        ),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3", []),
        ("arn:aws:bedrock:us-east-1:1:provisioned-model/gpt-4o", []),
    ],
)
def test_routes_are_taken_off_a_name_one_at_a_time(model: str, names: list[str]):
    assert list(candidates(model)) == names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
        ("gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku"),
        ("ft:gpt-4o-2024-08-06:org:name:id", "ft:gpt-4o"),
        ("gpt-5-nano-super", "gpt-5-nano-super"),
        ("gemini-1.5-flash-8b", "gemini-1.5-flash-8b"),
    ],
)
def test_a_version_is_not_part_of_what_a_model_is(name: str, expected: str):
    assert base(name) == expected


@pytest.mark.parametrize(
    ("provider", "model", "listed"),
    [
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        ("openai", "openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("openai", "gpt-5-nano-2025-08-07", "gpt-5-nano"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", "ft:gpt-4o-mini"),
        ("anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku-latest"),
        ("vertex", "claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("vertex", "publishers/anthropic/models/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("google", "gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("azure", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("groq", "openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        ("xai", "xai/grok-4.5", "grok-4.5"),
        ("bedrock", "amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "bedrock",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "regional.anthropic.claude-haiku-4-5-20251001-v1:0",
        ),
    ],
)
def test_a_version_of_a_listed_model_is_that_model(provider: str, model: str, listed: str):
    found = find(provider, model)
    assert isinstance(found, Entry)
    assert found.id == listed


@pytest.mark.parametrize(
    ("provider", "model", "reason"),
    [
        ("openai", "gpt-5-nano-super", "unrecognised-variant"),
        ("anthropic", "claude-3-haikuXYZ", "unrecognised-variant"),
        ("anthropic", "my-claude-v2", "unrecognised-variant"),
        ("google", "gemini-1.5-flash-8b", "unrecognised-variant"),
        ("google", "gemini-3.8-flash-cyber", "unrecognised-variant"),
        ("azure", "team-o4-mini-test", "unrecognised-variant"),
        ("bedrock", "my.own.amazon.nova-lite", "unrecognised-variant"),
        ("openai", "not-a-model", "unknown-model"),
        ("openai", "gpt-4o-2031-01-01", "unknown-model"),
        ("openai", "", "unknown-model"),
        ("groq", "openai/gpt-4o", "unknown-model"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/x", "unknown-model"),
        ("vllm", "gpt-4o", "unknown-provider"),
        ("openai-compatible", "gpt-4o", "unknown-provider"),
    ],
)
def test_a_name_that_merely_begins_like_a_known_one_is_another_model(
    provider: str, model: str, reason: str
):
    assert find(provider, model) == NotListed(reason)
