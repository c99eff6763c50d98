"""An explanation as text for a terminal: one block per trace, one line per call.

Takes the object that `explain` gives. Unknown is "–", never 0.
"""

from collections.abc import Sequence
from typing import Any

from spanledger_collector.explain.wording import model, why, why_not_billed

Object = dict[str, Any]

CALL_COLUMNS = (
    ("call", "name"),
    ("model", "model"),
    ("input", "input_tokens_total"),
    ("cached", "cache_read_tokens"),
    ("written", "cache_write_tokens"),
    ("output", "output_tokens_total"),
    ("reasoning", "reasoning_tokens"),
    ("USD", "cost_usd"),
    ("why", "why"),
)
RIGHT = frozenset({"input", "cached", "written", "output", "reasoning", "USD"})
WIDEST = 60


def readable(explained: Object) -> str:
    """Return the whole explanation as text."""
    blocks = [block(trace) for trace in explained["traces"]]
    if explained["warnings"]:
        blocks.append(
            "\n".join(["Look at these first:", *(f"  {w}" for w in explained["warnings"])])
        )
    blocks.append(f"All together: {sums(explained['totals'])}")
    return "\n\n".join(blocks)


def block(trace: Object) -> str:
    """Return one trace as text."""
    who = f"session {trace['session_id'] or '–'} · user {trace['user_id'] or '–'}"
    lines = [f"trace {trace['trace_id']} · {trace['name'] or '–'} · {trace['status']}", f"  {who}"]
    lines += table([call_row(c) for c in trace["llm_calls"]])
    for call in trace["not_billed"]:
        lines.append(f"  not billed: {call['name']} ({call['span_id']}): {why_not_billed(call)}")
    lines += [f"  tool {t['name']}({t['args']}) → {outcome(t)}" for t in trace["tool_calls"]]
    lines += path(trace)
    lines += [
        f"  error in {e['where']}: {e['type'] or '–'}: {e['message']}" for e in trace["errors"]
    ]
    lines.append(f"  {sums(trace['totals'])}")
    return "\n".join(lines)


def path(trace: Object) -> list[str]:
    """Return nodes, agents, state changes and decisions, one line each."""
    lines = []
    if trace["nodes"]:
        lines.append("  nodes: " + " ".join(node["name"] for node in trace["nodes"]))
    if trace["agents"]:
        lines.append("  agents: " + ", ".join(trace["agents"]))
    for change in trace["state_changes"]:
        because = f" ({change['reason']})" if change["reason"] else ""
        lines.append(f"  state: {change['from'] or '–'} → {change['to']}{because}")
    for decision in trace["decisions"]:
        lines.append(
            f"  decision: {decision['policy'] or decision['name']}: {decision['verdict'] or '–'}"
        )
    return lines


def outcome(tool: Object) -> str:
    """Return what a tool call came to."""
    if (error := tool["error"]) is not None:
        return f"error {error['type'] or ''}: {error['message']}"
    return str(tool["result"])


def call_row(call: Object) -> list[str]:
    """Return the cells of a call."""
    shown = call | {"model": model(call), "why": why(call)}
    return ["–" if shown[key] is None else str(shown[key]) for _, key in CALL_COLUMNS]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows under their headings, numbers to the right."""
    if not rows:
        return []
    heads = [head for head, _ in CALL_COLUMNS]
    every = [heads, *([*(cell[:WIDEST] for cell in row[:-1]), row[-1]] for row in rows)]
    widths = [max(len(row[i]) for row in every) for i in range(len(heads))]
    return ["  " + "  ".join(map(aligned, heads, row, widths)).rstrip() for row in every]


def aligned(head: str, cell: str, width: int) -> str:
    """Return a cell as wide as its column."""
    return cell.rjust(width) if head in RIGHT else cell.ljust(width)


def sums(totals: Object) -> str:
    """Return totals as one line; what they leave out stands beside them."""
    left_out = totals["calls_without_cost"]
    usd = "unpriced" if totals["cost_usd"] is None else f"{totals['cost_usd']} USD"
    return (
        f"{totals['llm_calls']} calls ({totals['llm_errors']} failed, "
        f"{totals['calls_without_usage']} without usage), {totals['input_tokens_total']} in, "
        f"{totals['output_tokens_total']} out, {totals['tool_calls']} tool calls, {usd}"
        + estimates(totals)
        + (f" + {left_out} calls without a price" if left_out and totals["cost_usd"] else "")
    )


def estimates(totals: Object) -> str:
    """Return how much of the totals rests on estimates, '' when nothing does."""
    usd = "unpriced" if totals["estimated_usd"] is None else f"{totals['estimated_usd']} USD"
    return f" ({calls} calls estimated: {usd})" if (calls := totals["estimated_calls"]) else ""
