"""Arguments and results as text: whatever they are, quickly, and without running their code."""

import json
import threading
import time
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spanledger
from spanledger import capture, health
from spanledger.cut import CUT, PIECE, cut
from tests.hostile import CORPUS, Colour, Lazy, Slotted
from tests.sdk import Receiver, said

CAP = 1 << 20


pytest_plugins = ["tests.recorder"]


@pytest.mark.parametrize("name", CORPUS)
def test_s10_whatever_it_is_it_takes_little_time_and_gives_json(name: str):
    value = CORPUS[name]
    best, told, outline = 1.0, "", ""
    for _ in range(5):
        began = time.thread_time()
        told, outline = capture.text(value, CAP), capture.shape(value)
        best = min(best, time.thread_time() - began)
    json.loads(told), json.loads(outline)
    assert len(told) <= 2 * CAP + 64
    assert best < 0.1  # 5 ms here; a loaded machine must not fail the test


@pytest.mark.parametrize("name", CORPUS)
def test_s10_whatever_it_is_the_function_gets_it_as_it_is(receiver: Receiver, name: str):
    value = CORPUS[name]
    health.forget()
    assert spanledger.tool(lambda given: given)(value) is value
    assert spanledger.flush(5).pending == 0
    told = said(receiver.one())
    assert set(json.loads(told["gen_ai.tool.call.arguments"])) == {"given"}
    json.loads(told["gen_ai.tool.call.result"])
    assert health.failures == {}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": 1, "b": "é\n"}, '{"a":1,"b":"é\\n"}'),
        (Slotted(1, "x"), '{"a":1,"b":"x"}'),
        (Lazy(), '{"id":1}'),
        (Colour.RED, '"Colour.RED"'),
        (Decimal("1.50"), '"1.50"'),
        (datetime(2026, 11, 21, tzinfo=UTC), '"2026-11-21 00:00:00+00:00"'),
        (CORPUS["array"], '"<numpy.ndarray (1000, 1000), float64>"'),
        (CORPUS["cycle"], '[1,"<cycle>"]'),
        (CORPUS["surrogate"], '"?"'),
        (b"abc", '"<bytes of 3 bytes>"'),
        (object(), '"<object>"'),
        ((1, None, True, 1.5), "[1,null,true,1.5]"),
        ({"nan": float("inf")}, '{"nan":"inf"}'),
    ],
)
def test_s10_a_value_is_told_as_a_person_would_read_it(value: Any, told: str):
    assert capture.text(value, CAP) == told


TOLD = {
    "tensor": '"<torch.Tensor (4096, 4096), torch.float32>"',
    "series": '"<pandas.Series (1000), int64>"',
    "pydantic": '{"name":"a","more":{}}',
    "knows itself": '{"me":"<cycle>"}',
    "hostile text": '"said"',
    "hostile number": '"3"',
    "closed class": '"<tests.hostile.OfClosed>"',
}


@pytest.mark.parametrize("name", TOLD)  # by name: pytest itself would trip over the values
def test_s10_of_what_harms_others_is_told_what_can_be(name: str):
    assert capture.text(CORPUS[name], CAP) == TOLD[name]


def test_s10_an_iterator_is_not_advanced():
    items = iter([1, 2])
    capture.text(items, CAP), capture.text({"a": items}, CAP)
    assert list(items) == [1, 2]


def test_s10_a_dictionary_that_changes_meanwhile_is_told_as_far_as_it_goes():
    shared: dict[str, int] = {}
    stop = threading.Event()

    def change() -> None:
        n = 0
        while not stop.is_set():
            shared[str(n % 500)] = n
            shared.pop(str((n + 250) % 500), None)
            n += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(300):
            json.loads(capture.text([shared, shared], CAP))
    finally:
        stop.set()
        thread.join()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=50)
@given(plain)
def test_what_json_knows_comes_back_as_it_was(value: Any):
    assert json.loads(capture.text(value, CAP)) == cleaned(value)


def cleaned(value: Any) -> Any:
    """Return a value as it can be in UTF-8, numbers of any size but the widest, no infinities."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(held) for key, held in value.items()}
    return (
        str(value) if isinstance(value, float) and value in (float("inf"), -float("inf")) else value
    )


def test_s11_a_huge_text_is_cut_at_a_character_and_tells_its_length():
    told = json.loads(capture.text("é" * 100, 11))
    assert told == "é" * 5 + "... (100 characters)"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("\ud800" * 4, "????"),
        ("\ud800" * 5, "????... (5 characters)"),
        ("aé\ud800", "aé?"),
    ],
)
def test_s11_a_lone_surrogate_takes_the_three_bytes_it_would_if_it_had_a_place(
    value: str, told: str
):
    assert cut(value, 12) == told


@given(st.text(), st.integers(0, 60))
def test_s11_a_text_is_cut_only_where_it_does_not_fit(value: str, room: int):
    whole, told = value.encode(), cut(value, room)
    head = whole[:room].decode(errors="ignore")
    assert told == (value if len(whole) <= room else f"{head}{CUT} ({len(value)} characters)")


def test_s11_a_text_longer_than_is_encoded_at_once_is_cut_as_any_other():
    value = "é" * PIECE + "語" * PIECE
    assert cut(value, 5 * PIECE) == value
    assert cut(value, 5 * PIECE - 1) == f"{value[:-1]}{CUT} ({2 * PIECE} characters)"


def test_s11_of_binary_data_is_kept_what_fits_as_json():
    assert len(capture.text("\0" * CAP, CAP)) <= CAP + 64
    assert len(capture.text("a\0" * 100, CAP)) == 702


def test_s11_a_huge_text_costs_little_memory():
    value = {"text": CORPUS["100 MB"]}
    tracemalloc.start()
    capture.text(value, CAP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * CAP


def test_a_shape_has_types_and_sizes_and_no_content():
    value = {"question": "secret", "n": 3, "items": ["secret"], "who": Slotted(1, "secret")}
    assert json.loads(capture.shape(value)) == {
        "question": "str[6]",
        "n": "<int>",
        "items": "list[1]",
        "who": {"a": "<int>", "b": "str[6]"},
    }
