"""`spanledger explain`: what a payload comes to and why, without a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spanledger_collector import decode
from spanledger_collector.__main__ import main
from spanledger_collector.explain import explain, wording
from spanledger_collector.pricebook import Pricebook
from spanledger_schema.span import Record, Span
from tests.recorded import DATA, made, one, spans

Run = Callable[..., Any]

CALL_FIELDS = {
    "span_id", "provider", "request_model", "response_model", "streaming", "finish_reason",
    "input_tokens_total", "input_tokens_uncached", "cache_read_tokens", "cache_write_tokens",
    "output_tokens_total", "reasoning_tokens", "usage_source", "semantics_basis", "billed",
    "not_billed_because", "error", "output_text", "cost_usd", "cost_source",
}  # fmt: skip
TOTAL_FIELDS = {
    "input_tokens_total", "input_tokens_uncached", "cache_read_tokens", "cache_write_tokens",
    "output_tokens_total", "reasoning_tokens", "llm_calls", "llm_errors", "calls_without_usage",
    "tool_calls", "tool_errors",
}  # fmt: skip
TRACE_FIELDS = {
    "trace_id", "session_id", "user_id", "llm_calls", "tool_calls", "nodes", "agents",
    "state_changes", "decisions", "errors", "totals", "not_billed",
}  # fmt: skip

ANTHROPIC = "openinference-anthropic__tools-cache-stream"


def told(*given: Span, records: list[Record] | None = None) -> dict[str, Any]:
    return explain(given, records or [], Pricebook())


def test_the_answer_has_every_field_that_is_promised():
    found = told(*spans(ANTHROPIC))
    trace = found["traces"][0]
    assert found.keys() == {"traces", "totals", "warnings"}
    assert trace.keys() >= TRACE_FIELDS
    assert trace["llm_calls"][0].keys() >= CALL_FIELDS
    assert trace["not_billed"][0].keys() >= CALL_FIELDS
    assert trace["totals"].keys() >= TOTAL_FIELDS
    assert found["totals"].keys() >= TOTAL_FIELDS
    assert all(t.keys() >= {"name", "args", "result", "error"} for t in trace["tool_calls"])


def test_a_call_that_two_libraries_saw_is_told_once_with_what_both_know():
    trace = next(t for t in told(*spans(ANTHROPIC))["traces"] if t["trace_id"].startswith("47f8"))
    first = trace["llm_calls"][0]
    assert first["billed"] is True
    assert first["output_text"] == "Let me look."  # the client's own span holds no words
    assert {c["same_call_as"] for c in trace["not_billed"]} == {
        c["span_id"] for c in trace["llm_calls"]
    }


def test_unknown_is_null_and_never_zero():
    bare = made("chat", attributes={"gen_ai.operation.name": "chat"}, parent=b"")
    (call,) = told(bare)["traces"][0]["llm_calls"]
    known = {key for key, value in call.items() if value is not None}
    assert known == {
        "span_id", "kind", "name", "usage_source", "usage_state", "billed", "dialects",
    }  # fmt: skip


def test_a_call_without_tokens_and_one_without_a_price_are_pointed_out():
    given = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "my-own-model"}
    priced = made("chat", attributes={**given, "gen_ai.usage.input_tokens": 5}, parent=b"")
    found = told(priced)
    assert found["totals"]["cost_usd"] is None
    assert any("unpriced" in warning for warning in found["warnings"])
    assert any(
        "nothing about tokens" in w for w in told(made("chat", attributes=given))["warnings"]
    )


def test_a_count_that_is_none_is_pointed_out_with_its_value():
    given = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "many"}
    warnings = told(made("chat", attributes=given))["warnings"]
    assert any("gen_ai.usage.input_tokens = 'many' is no token count" in w for w in warnings)


def test_a_root_that_never_came_is_pointed_out():
    assert any("its root has not arrived" in w for w in told(made("x"))["warnings"])


def test_a_tool_call_that_only_the_conversation_tells_of_is_told():
    trace = next(t for t in told(*spans(ANTHROPIC))["traces"] if t["trace_id"].startswith("47f8"))
    (tool,) = trace["tool_calls"]
    assert (tool["name"], tool["args"], tool["result"], tool["span_id"]) == (
        "get_weather", {"city": "Oslo"}, "11 C, rain", None,
    )  # fmt: skip


def test_a_tool_call_that_has_a_span_is_not_told_twice():
    found = told(*spans("openinference-openai__chat-tools-stream"))
    names = [tool["name"] for trace in found["traces"] for tool in trace["tool_calls"]]
    assert names == ["lookup_order"]


def test_a_tool_call_of_an_earlier_turn_is_not_told_again():
    found = told(*spans("openinference-openai-agents__handoff-guardrail"))
    by_turn = [[tool["name"] for tool in trace["tool_calls"]] for trace in found["traces"]]
    assert sorted(by_turn) == [[], [], ["cancel_booking", "cancel_booking"]]


def test_arguments_that_a_span_lacks_are_those_the_model_asked_for():
    found = told(*spans("openinference-langchain__langgraph-refund-retry"))
    orders = [
        t for trace in found["traces"] for t in trace["tool_calls"] if t["name"] == "get_order"
    ]
    assert [tool["args"] for tool in orders] == [{"order_id": "B-2"}]  # its span says only "B-2"


def test_an_error_is_told_where_it_arose_and_once():
    found = told(*spans("openinference-dspy__react"))
    errors = [error for trace in found["traces"] for error in trace["errors"]]
    assert [(e["type"], e["where"]) for e in errors] == [("LMInvalidRequestError", "llm")]


def test_the_transport_below_a_failed_call_is_not_the_error():
    found = told(*spans("openlit__openai-anthropic-langgraph"))
    where = [error["where"] for trace in found["traces"] for error in trace["errors"]]
    assert where == ["llm", "llm", "tool:issue_refund", "node:ledger"]


def test_a_guardrail_that_tripped_is_a_decision_told_once():
    found = told(*spans("openinference-openai-agents__handoff-guardrail"))
    verdicts = [[d["verdict"] for d in trace["decisions"]] for trace in found["traces"]]
    assert sorted(verdicts, key=str) == [["blocked"], [None], [None]]


def test_nothing_comes_to_nothing():
    found = told()
    assert (found["traces"], found["warnings"], found["totals"]["llm_calls"]) == ([], [], 0)
    assert found["totals"]["cost_usd"] == "0"


# -- the command


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main(["explain", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]):
    capture = "google-adk__sub-agent-tool"
    code, out, _ = run(
        capsys, DATA / f"{capture}.pb", "--logs", DATA / f"{capture}.logs.pb", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert found["totals"]["input_tokens_total"] == 13500
    assert {t["user_id"] for t in found["traces"]} == {"user-adk"}  # log records alone know him


def test_json_and_protobuf_of_one_run_are_explained_alike(capsys: pytest.CaptureFixture[str]):
    base = DATA / "vercel-ai-sdk__otlp-json-chat"
    _, binary, _ = run(capsys, f"{base}.pb", "--json")
    _, text, _ = run(capsys, f"{base}.otlp.json", "--otlp-json", "--json")
    assert json.loads(text) == json.loads(binary)


def test_prices_of_a_file_beat_the_catalogue(capsys: pytest.CaptureFixture[str]):
    capture, prices = DATA / "openinference-openai__grpc-two-services.pb", DATA / "prices.json"
    _, out, _ = run(capsys, capture, "--prices", prices, "--json")
    assert float(json.loads(out)["totals"]["cost_usd"]) == pytest.approx(0.02490875, abs=1e-12)


def test_price_rows_may_be_listed_one_by_one(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    row = {"provider": "openai", "model": "gpt-4o*", "usd_per_mtok": {"input": "1", "output": "0"}}
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    capture = DATA / "openinference-openai__grpc-two-services.pb"
    _, out, _ = run(capsys, capture, "--prices", tmp_path / "rows.json", "--json")
    assert {c["cost_source"] for t in json.loads(out)["traces"] for c in t["llm_calls"]} <= {
        "priced", "unpriced",
    }  # fmt: skip


def test_without_json_it_is_a_table_to_read(capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, DATA / f"{ANTHROPIC}.pb")
    assert code == 0
    assert "session sess-w1 · user user-w" in out
    assert "not billed: messages.create" in out
    assert "tool get_weather({'city': 'Oslo'}) → 11 C, rain" in out
    assert "All together: 5 calls (1 failed, 0 without usage), 10474 in, 1418 out" in out


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"streaming": True, "usage_state": "absent"},
         "no tokens sent: a stream reports them only if asked to (include_usage)"),
        ({"usage_state": "absent"},
         "no tokens sent, so no dollars: --estimate counts them from the words"),
        ({"usage_state": "zero_suspect"},
         "its tokens were sent as 0, which no answered call has: unknown"),
        ({"price_reason": "unknown-model", "response_model": "gpt-99"},
         "unpriced: no price is known for gpt-99: give it one, or an alias"),
        ({"price_reason": "unmatched-context"}, "unpriced: unmatched-context"),
        ({"cost_usd": "0.1", "cost_source": "priced", "semantics": "inclusive",
          "semantics_basis": "scope", "cache_read_tokens": 3},
         "priced; input includes cached (known of this library)"),
        ({"error": {"type": "RateLimitError", "message": ""}}, "failed: RateLimitError"),
    ],
    ids=["silent stream", "silent", "zeros", "unknown model", "other reason", "priced", "failed"],
)  # fmt: skip
def test_why_a_call_has_no_cost_is_said_in_words(known: dict[str, Any], told: str):
    fields = CALL_FIELDS | {"price_reason", "estimate_method", "semantics", "same_call_as"}
    call: dict[str, Any] = {**dict.fromkeys(fields), "usage_state": "reported", **known}
    assert wording.why(call) == told


def test_why_a_span_is_not_billed_names_the_one_that_is():
    duplicate = {"not_billed_because": "duplicate", "same_call_as": "00f0"}
    assert wording.why_not_billed(duplicate) == (
        "duplicate: another span tells of the same call, billed as 00f0"
    )
    elsewhere = {"not_billed_because": "duplicate in trace ab", "same_call_as": "00f0"}
    assert wording.why_not_billed(elsewhere) == "duplicate in trace ab, billed as 00f0"


@pytest.mark.parametrize("arguments", [["/no/such/file.pb"], [DATA / "README.md"]])
def test_a_file_that_is_no_payload_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str | Path]
):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("spanledger: ")


def test_a_price_file_that_means_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    (tmp_path / "p.json").write_text('[{"model": "x", "colour": "red"}]')
    code, _, err = run(capsys, DATA / f"{ANTHROPIC}.pb", "--prices", tmp_path / "p.json")
    assert code == 2
    assert "colour" in err


@pytest.mark.parametrize("capture", [p.name for p in sorted(DATA.glob("*.pb"))])
def test_every_capture_reads_as_a_table(capsys: pytest.CaptureFixture[str], capture: str):
    if capture.endswith(".logs.pb"):
        return
    code, out, _ = run(capsys, DATA / capture)
    assert code == 0
    assert "All together:" in out


def test_a_span_is_explained_the_same_however_it_arrives():
    body = (DATA / f"{ANTHROPIC}.pb").read_bytes()
    arrived = decode.spans(body, "protobuf").spans
    assert told(*arrived) == told(*reversed(arrived)) == told(*spans(ANTHROPIC))


def test_a_single_span_can_be_explained():
    found = told(one(ANTHROPIC, "f4f45f"))
    assert found["totals"]["input_tokens_total"] == 2473
