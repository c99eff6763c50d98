"""The scripted provider of the examples, asked by the real client libraries.

They take seconds to import, and whoever runs any test collects this module: only its tests do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from examples.offline.script import Script, ToolCall, Turn
from examples.offline.server import ModelServer, answering

ASKED: Any = [{"role": "user", "content": "how far is it?"}]
LOOK = ToolCall("look_up", {"city": "Ulm"})
TOLD = Turn(
    "It is 12 km.", (LOOK,), 120, 30, cached_tokens=40, cache_write_tokens=0, reasoning_tokens=8
)
WRITTEN = Turn("Yes.", (LOOK,), 500, 30, cached_tokens=40, cache_write_tokens=60)


@contextmanager
def asked(*turns: Turn, forever: bool = False) -> Iterator[tuple[Any, ModelServer]]:
    import openai

    with answering(Script(turns, forever)) as server:
        address = f"{server.url}/v1"
        with openai.OpenAI(api_key="k", base_url=address, max_retries=0) as client:
            yield client, server


def usage(found: Any) -> tuple[int, int, int, int]:
    cached = found.prompt_tokens_details.cached_tokens
    thought = found.completion_tokens_details.reasoning_tokens
    return found.prompt_tokens, found.completion_tokens, cached, thought


def test_a_chat_completion_has_text_tools_and_usage():
    with asked(TOLD) as (client, server):
        said = client.chat.completions.create(model="gpt-4o-mini", messages=ASKED)
        message: Any = said.choices[0].message
        called = message.tool_calls[0].function
        assert (message.content, called.name, called.arguments) == (
            "It is 12 km.",
            "look_up",
            '{"city": "Ulm"}',
        )
        assert (said.model, said.choices[0].finish_reason) == (
            "gpt-4o-mini-2024-07-18",
            "tool_calls",
        )
        assert usage(said.usage) == (120, 30, 40, 8)
        (answered,) = server.answered
        assert (answered.api, answered.turn, answered.stream, answered.usage_told) == (
            "chat",
            TOLD,
            False,
            True,
        )


def test_a_chat_stream_tells_its_usage_only_when_it_is_asked():
    with asked(TOLD, TOLD) as (client, server):
        create = client.chat.completions.create
        plain = list(create(model="gpt-4o-mini", messages=ASKED, stream=True))
        options: Any = {"include_usage": True}
        full = list(
            create(model="gpt-4o-mini", messages=ASKED, stream=True, stream_options=options)
        )
        assert [chunk.usage for chunk in plain] == [None] * len(plain)
        assert (full[-1].choices, usage(full[-1].usage)) == ([], (120, 30, 40, 8))
        text = "".join(c.choices[0].delta.content or "" for c in plain)
        assert text == "It is 12 km."
        assert [answered.usage_told for answered in server.answered] == [False, True]


def test_the_stream_helper_of_the_client_puts_the_tool_call_together():
    with asked(TOLD) as (client, _):
        with client.chat.completions.stream(model="gpt-4o-mini", messages=ASKED) as stream:
            message: Any = stream.get_final_completion().choices[0].message
        assert message.content == "It is 12 km."
        assert message.tool_calls[0].function.arguments == '{"city": "Ulm"}'


def test_a_response_has_text_tools_and_usage():
    with asked(TOLD) as (client, _):
        said = client.responses.create(model="gpt-4o", input="how far?")
        call: Any = said.output[1]
        assert (said.output_text, call.name, call.arguments) == (
            "It is 12 km.",
            "look_up",
            '{"city": "Ulm"}',
        )
        assert said.usage is not None
        details = said.usage.input_tokens_details, said.usage.output_tokens_details
        assert (said.usage.input_tokens, said.usage.output_tokens) == (120, 30)
        assert (details[0].cached_tokens, details[1].reasoning_tokens) == (40, 8)


def test_a_streamed_response_ends_as_the_whole_one():
    with asked(TOLD, TOLD) as (client, _):
        with client.responses.stream(model="gpt-4o", input="how far?") as stream:
            streamed = stream.get_final_response()
        whole = client.responses.create(model="gpt-4o", input="how far?")
        assert streamed.output_text == whole.output_text
        assert streamed.usage == whole.usage
        assert [item.type for item in streamed.output] == [item.type for item in whole.output]


def test_embeddings_come_one_for_each_text():
    with asked(Turn(input_tokens=9)) as (client, _):
        said = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
        assert [found.embedding for found in said.data] == [[0.5, -0.25, 0.125]] * 2
        assert said.usage.prompt_tokens == 9


def test_a_message_leaves_cached_tokens_out_of_its_input():
    with answering(Script((WRITTEN,))) as server, anthropic_client(server) as client:
        said = client.messages.create(model="claude-haiku-4-5", max_tokens=99, messages=ASKED)
        tool: Any = said.content[1]
        assert (said.model, said.stop_reason) == ("claude-haiku-4-5-20251001", "tool_use")
        assert (tool.name, tool.input) == ("look_up", {"city": "Ulm"})
        counted = said.usage
        assert (counted.input_tokens, counted.output_tokens) == (400, 30)
        assert (counted.cache_read_input_tokens, counted.cache_creation_input_tokens) == (40, 60)


def test_a_streamed_message_ends_as_the_whole_one():
    with answering(Script((WRITTEN, WRITTEN))) as server, anthropic_client(server) as client:
        told: Any = {"model": "claude-haiku-4-5", "max_tokens": 99, "messages": ASKED}
        with client.messages.stream(**told) as stream:
            streamed = stream.get_final_message()
        whole = client.messages.create(**told)
        parts = streamed.model_dump()["content"], whole.model_dump()["content"]
        assert [part["type"] for part in parts[0]] == [part["type"] for part in parts[1]]
        assert parts[0][1]["input"] == parts[1][1]["input"] == {"city": "Ulm"}
        assert streamed.usage.output_tokens == whole.usage.output_tokens == 30
        assert streamed.usage.cache_read_input_tokens == 40


def test_a_turn_can_be_an_error_of_the_provider():
    import anthropic
    import openai

    with asked(Turn("slow down", status=429)) as (client, server):
        with pytest.raises(openai.RateLimitError, match="slow down"):
            client.chat.completions.create(model="gpt-4o", messages=ASKED)
        assert [answered.billed for answered in server.answered] == [None]
    with (
        answering(Script((Turn("busy", status=529),))) as server,
        anthropic_client(server) as asking,
        pytest.raises(anthropic.APIStatusError, match="overloaded_error"),
    ):
        asking.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=ASKED)


def test_a_request_without_the_words_a_turn_waits_for_is_refused():
    import openai

    with (
        asked(Turn("ok", after="12 km")) as (client, _),
        pytest.raises(openai.BadRequestError, match="wants '12 km'"),
    ):
        client.chat.completions.create(model="gpt-4o", messages=ASKED)


def test_after_the_last_turn_a_script_ends_or_repeats_it():
    import openai

    with asked(Turn("a")) as (client, _):
        client.chat.completions.create(model="gpt-4o", messages=ASKED)
        with pytest.raises(openai.BadRequestError, match="no turn 1"):
            client.chat.completions.create(model="gpt-4o", messages=ASKED)
    with asked(Turn("a"), Turn("b"), forever=True) as (client, _):
        said = [
            client.chat.completions.create(model="gpt-4o", messages=ASKED).choices[0].message
            for _ in range(4)
        ]
        assert [message.content for message in said] == ["a", "b", "b", "b"]


@contextmanager
def anthropic_client(server: ModelServer) -> Iterator[Any]:
    import anthropic

    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as client:
        yield client
