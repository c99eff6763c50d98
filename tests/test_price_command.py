import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector.pricebook import Pricebook
from spanledger_collector.quote import quotes

CASES = Path(__file__).parent / "data/costs/cases.jsonl"


def spanledger(line: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spanledger_collector", "price", *shlex.split(line)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def answers(*asked: Any) -> list[dict[str, Any]]:
    lines = (line if isinstance(line, str) else json.dumps(line) for line in asked)
    return list(quotes(lines, Pricebook()))


CALL = {
    "id": "a",
    "provider": "openai",
    "model_as_reported": "gpt-4o",
    "timestamp": "2026-11-04T10:00:00Z",
    "dialect": "openai",
    "usage": {"input_tokens": 2000, "output_tokens": 500},
}


def test_a_bill_is_printed_line_by_line():
    done = spanledger(
        "gpt-4o --provider openai --at 2026-11-04T10:00:00Z"
        " --input 5000 --cache-read 4096 --output 500"
    )
    title, *table, source = done.stdout.splitlines()
    assert done.returncode == 0
    assert title == "gpt-4o at openai, 2026-11-04 10:00 UTC"
    assert table == [
        "meter       quantity    USD each      USD",
        "input            904   0.0000025  0.00226",
        "cache_read     4,096  0.00000125  0.00512",
        "output           500     0.00001    0.005",
        "total                             0.01238",
    ]
    assert source.startswith("priced · gpt-4o#")


def test_exclusive_input_leaves_cached_tokens_out():
    done = spanledger(
        "claude-haiku-4-5 --provider anthropic --at 2026-11-04T10:00:00Z"
        " --exclusive --input 800 --cache-read 5000 --cache-write 700 --output 200"
    )
    assert done.stdout.splitlines()[-2].split() == ["total", "0.003175"]


def test_a_context_selects_the_rate():
    done = spanledger(
        "gpt-5 --provider openai --at 2026-11-04T10:00:00Z --input 100000 --output 10000"
        " --context processing=batch"
    )
    assert "0.1125" in done.stdout


def test_an_unknown_model_is_said_to_be_with_names_like_it():
    done = spanledger("gpt-4oo --provider openai --at 2026-11-04T10:00:00Z --input 1")
    assert done.returncode == 1
    assert "unpriced: unknown-model; listed are gpt-4o" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "name a model, or pass --jsonl"),
        ("gpt-4o --at yesterday", "Invalid isoformat string"),
        ("gpt-4o --at 2026-11-04T10:00:00", "has no offset"),
        ("gpt-4o --context batch", "'batch' is not KEY=VALUE"),
        ("gpt-4o --input many", "invalid int value"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: str, complaint: str):
    done = spanledger(arguments)
    assert done.returncode == 2
    assert complaint in done.stderr


OWN = """
prices:
  - {id: a, provider: vllm, model: house, usd_per_mtok: {input: "1", output: "2"}}
  - {id: b, provider: vllm, model: house, project_id: shop, usd_per_mtok: {input: "3", output: "4"}}
aliases:
  - {id: c, provider: azure, model: chat, to_provider: vllm, to_model: house}
"""


@pytest.mark.parametrize(("project", "usd"), [("", "3"), (" --project shop", "7")])
def test_own_prices_of_a_file_are_charged(tmp_path: Path, project: str, usd: str):
    file = tmp_path / "prices.yaml"
    file.write_text(OWN)
    done = spanledger(
        f"chat --provider azure --input 1000000 --output 1000000 --prices {file}{project}"
    )
    assert done.stdout.splitlines()[-2].split() == ["total", usd]


def test_a_price_file_that_is_not_understood_is_refused_with_its_name(tmp_path: Path):
    file = tmp_path / "prices.yaml"
    for text, said in (("prices: 7", "prices is a list of rows"), ("\xff", "prices.yaml")):
        file.write_bytes(text.encode("latin-1"))
        done = spanledger(f"gpt-4o --input 1 --prices {file}")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{file}: " in done.stderr
        assert said in done.stderr


def test_calls_are_answered_in_their_order():
    found = answers(CALL, CALL | {"id": "b"}, "", CALL | {"id": "c"})
    assert [answer["id"] for answer in found] == ["a", "b", "c"]
    assert found[0]["usd"] == "0.01"
    assert found[0]["components"] == [
        {"meter": "input", "quantity": 2000, "usd_per_unit": "0.0000025", "usd": "0.005"},
        {"meter": "output", "quantity": 500, "usd_per_unit": "0.00001", "usd": "0.005"},
    ]


def test_a_call_that_cannot_be_read_does_not_stop_the_next():
    broken = [
        "not json",
        "[]",
        {"id": "x"},
        CALL | {"id": "y", "usage": {"tokens": 1}},
        CALL | {"id": "z", "custom_prices": {"prices": [{"provider": "openai", "model": "*"}]}},
    ]
    found = answers(*broken, CALL)
    assert [answer["id"] for answer in found] == [None, None, "x", "y", "z", "a"]
    assert [answer["usd"] for answer in found] == [None] * 5 + ["0.01"]
    assert {answer["status"] for answer in found[:5]} == {"invalid"}


@pytest.mark.parametrize(
    ("usage", "status", "usd"),
    [
        ({}, "no_usage", None),
        ({"input_tokens": None}, "no_usage", None),
        ({"input_tokens": 0, "output_tokens": 0}, "priced", "0"),
        ({"input_tokens": 100, "cache_read_tokens": 101}, "invalid", None),
        ({"input_tokens": -1}, "invalid", None),
        ({"input_tokens": "12"}, "invalid", None),
        ({"input_tokens": 1.5}, "invalid", None),
        ({"input_tokens": 1e3}, "priced", "0.0025"),
        ({"input_tokens": 10**30}, "invalid", None),
        ({"input_tokens": 10**12}, "priced", "2500000"),
    ],
)
def test_counts_are_believed_only_as_far_as_they_can_be(
    usage: dict[str, Any], status: str, usd: str | None
):
    [found] = answers(CALL | {"usage": usage})
    assert (found["status"], found["usd"]) == (status, usd)


@pytest.mark.parametrize(
    ("dialect", "usd"),
    [
        ("openai", "0.0039"),
        ("anthropic", "0.0046"),
        ("bedrock_converse", "0.0046"),
        ("gemini", "0.0044"),
        ("xai_chat", "0.0044"),
        ("otel_genai", "0.0039"),
    ],
)
def test_a_dialect_implies_what_its_counts_include(dialect: str, usd: str):
    usage = {
        "input_tokens": 1000,
        "output_tokens": 200,
        "cache_read_tokens": 280,
        "reasoning_tokens": 50,
    }
    prices = [
        {
            "provider": "openai",
            "model": "*",
            "usd_per_mtok": {"input": "2.5", "cache_read": "2.5", "output": "10"},
        }
    ]
    [found] = answers(
        CALL
        | {
            "dialect": dialect,
            "usage": usage | {"output_tokens": 140},
            "custom_prices": {"prices": prices},
        }
    )
    assert found["usd"] == usd


def test_the_whole_table_of_cases_comes_out_right():
    table = CASES.read_text()
    done = spanledger("--jsonl", stdin=table)
    assert (done.returncode, done.stderr) == (0, "")
    answered = [json.loads(line) for line in done.stdout.splitlines()]
    cases = [json.loads(line) for line in table.splitlines()]
    found = {answer["id"]: answer["usd"] for answer in answered}
    assert found == {case["id"]: case["expected_usd"] for case in cases}
