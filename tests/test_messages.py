"""Conversations of every dialect come out as the same messages, whatever they were sent as."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanledger_collector.dialects import one_line, preview
from spanledger_collector.dialects.messages import flattened, messages
from spanledger_collector.dialects.structure import nested, structure
from spanledger_schema.span import Message, Part

ASKED = Part("tool_call", name="get_order", id="c1", data={"order_id": "B-2"})
GIVEN = Part("tool_result", name="get_order", id="c1", data={"total": 84.5})

CONVERSATION = [
    Message("system", (Part("text", text="Be brief."),)),
    Message("user", (Part("text", text="Where is B-2?"),)),
    Message("assistant", (ASKED,)),
    Message("tool", (GIVEN,)),
    Message("assistant", (Part("text", text="On its way."),), "stop"),
]

GENAI = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Where is B-2?"}]},
    {"role": "assistant", "parts": [
        {"type": "tool_call", "id": "c1", "name": "get_order", "arguments": {"order_id": "B-2"}}]},
    {"role": "tool", "parts": [
        {"type": "tool_call_response", "id": "c1", "response": '{"total": 84.5}'}]},
    {"role": "assistant", "finish_reason": "stop",
     "parts": [{"type": "text", "content": "On its way."}]},
]  # fmt: skip

OPENAI = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": [{"type": "input_text", "text": "Where is B-2?"}]},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function",
         "function": {"name": "get_order", "arguments": '{"order_id": "B-2"}'}}]},
    {"role": "tool", "tool_call_id": "c1", "content": '{"total": 84.5}'},
    {"role": "assistant", "content": "On its way.", "finish_reason": "stop"},
]  # fmt: skip

LANGCHAIN = {"messages": [[
    {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "SystemMessage"],
     "kwargs": {"content": "Be brief.", "type": "system"}},
    {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],
     "kwargs": {"content": "Where is B-2?", "type": "human"}},
    {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"],
     "kwargs": {"content": "", "tool_calls": [
         {"name": "get_order", "args": {"order_id": "B-2"}, "id": "c1", "type": "tool_call"}]}},
    {"type": "tool", "data": {"content": '{"total": 84.5}', "tool_call_id": "c1"}},
    {"type": "ai", "data": {"content": "On its way.", "finish_reason": "stop"}},
]]}  # fmt: skip

ANTHROPIC = [
    {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
    {"role": "user", "content": "Where is B-2?"},
    {"role": "assistant", "content": [
        {"type": "tool_use", "id": "c1", "name": "get_order", "input": {"order_id": "B-2"}}]},
    {"role": "tool", "content": [
        {"type": "tool_result", "tool_use_id": "c1", "content": '{"total": 84.5}'}]},
    {"role": "assistant", "content": [{"type": "text", "text": "On its way."}],
     "finish_reason": "stop"},
]  # fmt: skip

BEDROCK = [
    {"role": "system", "content": [{"text": "Be brief."}]},
    {"role": "user", "content": [{"text": "Where is B-2?"}]},
    {"role": "assistant", "content": [
        {"toolUse": {"toolUseId": "c1", "name": "get_order", "input": {"order_id": "B-2"}}}]},
    {"role": "tool", "content": [
        {"toolResult": {"toolUseId": "c1", "content": '{"total": 84.5}'}}]},
    {"role": "assistant", "content": [{"text": "On its way."}], "finish_reason": "stop"},
]  # fmt: skip

SHAPES: dict[str, Any] = {
    "genai": GENAI, "openai": OPENAI, "langchain": LANGCHAIN, "anthropic": ANTHROPIC,
    "bedrock": BEDROCK,
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_conversation_reads_the_same_in_every_shape(shape: str):
    assert messages(SHAPES[shape], "user") == CONVERSATION


@pytest.mark.parametrize("shape", SHAPES)
def test_json_and_python_repr_read_like_the_structure_itself(shape: str):
    assert messages(orjson.dumps(SHAPES[shape]).decode(), "user") == CONVERSATION
    assert messages(repr(SHAPES[shape]), "user") == CONVERSATION


def test_flattened_attributes_are_put_together_in_the_order_of_their_numbers():
    sent: dict[str, Any] = {"llm.input_messages.0.message.role": "system"}
    for number in range(12):
        start = f"llm.input_messages.{number}.message."
        sent |= {f"{start}role": "user", f"{start}content": f"message {number}"}
    found = flattened(sent, "llm.input_messages.", "user")
    assert [m.parts[0].text for m in found] == [f"message {n}" for n in range(12)]


def test_flattened_parts_and_tool_calls_are_those_of_their_message():
    start = "llm.output_messages.0.message."
    sent: dict[str, Any] = {
        f"{start}role": "assistant",
        f"{start}contents.0.message_content.type": "text",
        f"{start}contents.0.message_content.text": "Let me look.",
        f"{start}tool_calls.0.tool_call.id": "c1",
        f"{start}tool_calls.0.tool_call.function.name": "get_order",
        f"{start}tool_calls.0.tool_call.function.arguments": '{"order_id": "B-2"}',
    }
    assert flattened(sent, "llm.output_messages.", "assistant") == [
        Message("assistant", (Part("text", text="Let me look."), ASKED))
    ]


def test_a_responses_conversation_of_items_reads_as_messages():
    items: list[Any] = [
        {"role": "user", "content": "Where is B-2?"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Look it up."}]},
        {"type": "function_call", "call_id": "c1", "name": "get_order",
         "arguments": '{"order_id": "B-2"}'},
        {"type": "function_call_output", "call_id": "c1", "output": '{"total": 84.5}'},
    ]  # fmt: skip
    parts = [part for message in messages(items, "assistant") for part in message.parts]
    assert parts == [
        Part("text", text="Where is B-2?"),
        Part("reasoning", text="Look it up."),
        ASKED,
        Part("tool_result", id="c1", data={"total": 84.5}),
    ]


def test_gemini_parts_are_named_by_their_key():
    said: list[Any] = [
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]}
    ]
    assert messages(said, "user") == [
        Message("assistant", (Part("tool_call", name="f", data={"a": 1}),))
    ]


def test_a_result_without_an_id_answers_the_call_before_it():
    said: list[Any] = [
        {"role": "assistant", "tool_calls": [{"id": "c1", "name": "get_order", "args": {}}]},
        {"role": "tool", "parts": [{"type": "text", "content": '{"total": 84.5}'}]},
    ]
    assert messages(said, "user")[1] == Message("tool", (GIVEN,))


def test_the_repr_of_an_answer_item_is_what_it_says():
    told = (
        "ResponseReasoningItem(id='r', summary=[Summary(text='Hm.', type='t')], type='reasoning')"
    )
    assert messages([{"role": "assistant", "parts": [{"type": "text", "content": told}]}], "") == [
        Message("assistant", (Part("reasoning", text="Hm."),))
    ]


def test_a_picture_is_named_and_never_carried():
    said: list[Any] = [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5000}},
    ]}]  # fmt: skip
    first, second = messages(said, "user")[0].parts
    assert first == Part("image", text="https://example.org/cat.png")
    assert len(second.text or "") < 100


def test_plain_text_is_a_message_of_the_given_role():
    assert messages("Hello", "user") == [Message("user", (Part("text", text="Hello"),))]
    assert messages(None, "user") == messages("", "user") == []


def test_cut_json_shows_what_there_is_of_it():
    cut = '[{"role": "user", "content": "Where is'
    assert messages(cut, "user") == [Message("user", (Part("text", text="Where is"),))]


@pytest.mark.parametrize("at", range(1, 60, 3))
def test_json_cut_anywhere_is_mended_or_left_as_it_is(at: int):
    whole = '{"a": [1, {"b": "x\\\\u00e9\\"y"}], "c": {"d": [true, null, -1.5e3]}}'
    found = structure(whole[:at])
    assert isinstance(found, dict) or found == whole[:at]


def test_the_repr_of_an_object_is_what_it_was_made_with():
    assert structure("[Usage(total=3, parts=(1, -2))]") == [{"total": 3, "parts": [1, -2]}]


@pytest.mark.parametrize(
    "text", ["", "{", "[", "'", "{'a': f(1)}", "{x: 1}", "(" * 500, "[" * 5000]
)
def test_what_is_no_structure_stays_a_text(text: str):
    assert structure(text) == text or structure(text) in ({}, [])


def test_numbers_that_are_missing_in_flattened_names_leave_no_gap():
    assert nested({"p.7.a": 1, "p.2.a": 2}, "p.") == [{"a": 2}, {"a": 1}]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            '[{"role": "assistant", "parts": [{"type": "text", "content": "Hi\\nthere"}]}]',
            "Hi there",
        ),
        ({"choices": [{"message": {"content": "Hi"}}]}, "Hi"),
        ({"tool_calls": [{"function": {"name": "f", "arguments": '{"a":1}'}}]}, 'f({"a":1})'),
        ({"order_id": "B-2"}, '{"order_id":"B-2"}'),
        ("", None),
        (None, None),
        (["", {}], None),
        (0, "0"),
    ],
)
def test_a_preview_is_the_first_words(value: Any, line: str | None):
    assert preview(value) == line


def test_a_preview_is_one_line_and_short():
    assert one_line("a  b\n\tc ") == "a b c"
    assert len(one_line("word " * 100)) == 160


WORDS = st.sampled_from(
    ("role", "content", "parts", "type", "text", "tool_calls", "function", "message", "data", "id",
     "kwargs", "messages", "choices", "toolUse", "functionCall", "name", "arguments", "contents",
     "message_content", "tool_call_id", "finish_reason", "lc", "reasoning", "image_url", "summary")
) | st.text(max_size=3)  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    max_leaves=30,
)


@settings(max_examples=400)
@given(value=JSON)
def test_no_structure_whatsoever_raises(value: Any):
    for message in messages(value, "user"):
        assert isinstance(message.role, str)
        assert all(isinstance(part, Part) for part in message.parts)
        assert all(part.text is None or isinstance(part.text, str) for part in message.parts)
    assert preview(value) is None or isinstance(preview(value), str)


@settings(max_examples=400)
@given(value=st.text(alphabet="[]{}(),:\"'\\ab1-.eu") | st.binary().map(repr))
def test_no_text_whatsoever_raises(value: str):
    messages(value, "user")
    preview(value)
