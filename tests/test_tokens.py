"""Counting tokens: exactly as OpenAI does, with what is shipped and nothing else."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import tiktoken

from spanledger_collector import tokens
from spanledger_collector.tokens import (
    MOST_CHARACTERS,
    PIECE,
    PUBLISHED,
    Counted,
    RanksDamaged,
    Vocabulary,
    count,
)

# published by OpenAI, and the same in five implementations
KNOWN = [
    ("tiktoken is great!", 6, 6),
    ("hello world", 2, 2),
    ("2 + 2 = 4", 7, 7),
    ("お誕生日おめでとう", 9, 8),
]


@pytest.mark.parametrize(("text", "cl100k", "o200k"), KNOWN)
def test_published_counts_come_out(text: str, cl100k: int, o200k: int):
    assert count([text], "cl100k_base") == Counted(cl100k)
    assert count([text], "o200k_base") == Counted(o200k)


def test_the_tokens_of_hello_world_are_those_that_openai_publishes():
    assert tokens.encoding("cl100k_base").encode("hello world") == [15339, 1917]
    assert tokens.encoding("o200k_base").encode("hello world") == [24912, 2375]


@pytest.mark.parametrize("vocabulary", PUBLISHED)
def test_patterns_and_special_tokens_are_those_of_the_installed_tiktoken(
    vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def published(_: str, expected_hash: str) -> dict[bytes, int]:
        asked.append(expected_hash)
        return {}

    module = import_module("tiktoken_ext.openai_public")
    monkeypatch.setattr(module, "load_tiktoken_bpe", published)
    theirs = getattr(module, vocabulary)()
    ours = PUBLISHED[vocabulary]
    assert (ours.pattern, ours.special) == (theirs["pat_str"], theirs["special_tokens"])
    assert asked == [ours.sha256]


def test_what_looks_like_a_control_token_is_counted_as_the_text_it_is():
    assert count(["<|endoftext|>"], "o200k_base") == Counted(7)


def test_texts_are_counted_each_by_itself():
    assert count(["hello", " world", ""], "o200k_base") == Counted(2)
    assert count([], "o200k_base") == Counted(0)


def test_half_a_surrogate_pair_is_counted_and_stops_nothing():
    assert count(["\ud800x"], "o200k_base") == Counted(2)


@pytest.mark.parametrize("character", [" ", "\n", "a", "^", "1", "あ", "😀"])
def test_a_million_of_one_character_is_counted(character: str):
    found = count([character * MOST_CHARACTERS], "o200k_base")
    assert 0 < found.tokens <= MOST_CHARACTERS
    assert not found.sampled


def test_a_text_in_pieces_is_off_by_no_more_than_its_cuts():
    text = "The quick brown fox jumps over the lazy dog. " * (3 * PIECE // 45)
    whole = len(tokens.encoding("o200k_base").encode_ordinary(text))
    assert abs(count([text], "o200k_base").tokens - whole) <= 3


def test_beyond_the_cap_a_sample_of_each_text_is_extrapolated_and_marked():
    prose = "The quick brown fox jumps over the lazy dog. " * (MOST_CHARACTERS // 45)
    figures = "0123456789 " * (MOST_CHARACTERS // 11)
    exact = count([prose], "o200k_base").tokens + count([figures], "o200k_base").tokens
    found = count([prose, figures], "o200k_base")
    assert found.sampled
    assert found.tokens == pytest.approx(exact, rel=0.001)


def test_ranks_that_are_not_the_published_ones_are_refused():
    packed, digest = tokens.shipped("cl100k_base"), PUBLISHED["o200k_base"].sha256
    with pytest.raises(RanksDamaged, match=PUBLISHED["cl100k_base"].sha256):
        tokens.ranks(packed, digest)


@pytest.mark.parametrize("at", [0, 1000, 300_000])
def test_a_file_of_ranks_with_a_flipped_byte_is_refused(at: int):
    packed = bytearray(tokens.shipped("cl100k_base"))
    packed[at] ^= 0xFF
    with pytest.raises(RanksDamaged):
        tokens.ranks(bytes(packed), PUBLISHED["cl100k_base"].sha256)


def test_a_file_of_ranks_that_ends_too_early_is_refused():
    with pytest.raises(RanksDamaged):
        tokens.ranks(tokens.shipped("cl100k_base")[:1000], PUBLISHED["cl100k_base"].sha256)


OFFLINE = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("somebody asked for the network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
opened = []
asking = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
sys.addaudithook(lambda event, args: opened.append(event) if event in asking else None)

import spanledger_collector.app, spanledger_collector.estimate
assert "tiktoken" not in sys.modules, "loaded before anything is counted"

from spanledger_collector.tokens import count
print(count(["tiktoken is great!"], "cl100k_base").tokens, count(["2 + 2 = 4"], "o200k_base").tokens)
assert not opened, opened
"""


def test_counting_asks_for_no_network_no_cache_and_is_loaded_when_first_needed(tmp_path: Path):
    """TIKTOKEN_CACHE_DIR names an empty folder: whoever looked there would want to fill it."""
    environ = os.environ | {"TIKTOKEN_CACHE_DIR": str(tmp_path), "TMPDIR": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=False, env=environ
    )
    assert (found.stdout, found.stderr) == ("6 7\n", "")
    assert list(tmp_path.iterdir()) == []


def test_the_encodings_are_tiktokens_own():
    assert isinstance(tokens.encoding("o200k_base"), tiktoken.Encoding)
