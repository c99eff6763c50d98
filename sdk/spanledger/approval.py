"""`require_approval(…)`: a tool call that waits until a person, or a policy of the server, allows it.

A tool and its arguments in; nothing out, or `Denied`. Unlike the rest of the SDK this fails closed:
where nobody can be asked the call is denied, unless the caller says otherwise. The waiting is
recorded as a decision, so that it counts as waiting and not as work.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from opentelemetry import context as contexts

from spanledger import capture, health, live
from spanledger.masking import TimedMask
from spanledger.session import question
from spanledger.spans import SpanScope, span
from spanledger_schema import attributes as ours

if TYPE_CHECKING:
    from spanledger.ask import Answer, Asking

POLL_S = 1.0
LONGEST_ARGUMENTS = 32 << 10  # bytes, as JSON: what a person can still read
FIRST_S = 30.0  # how long nobody may answer before it counts as silence

OnSilence = Literal["deny", "allow"]


class Denied(Exception):
    """A tool call was not allowed. `verdict` is denied, timed_out or unanswered (nobody was there)."""

    def __init__(self, tool: str, verdict: str, by: str = "", reason: str = "") -> None:
        whose = f" by {by}" if by else ""
        super().__init__(f"{tool}: {verdict}{whose}" + (f": {reason}" if reason else ""))
        self.tool = tool
        self.verdict = verdict
        self.by = by
        self.reason = reason


def require_approval(
    tool: str,
    arguments: Any = None,
    policy: str | None = None,
    *,
    timeout_s: int | None = None,
    on_silence: OnSilence = "deny",
) -> None:
    """Return when a tool call may be made; wait for a person where a policy asks for one.

    Args:
        tool: what is to be called.
        arguments: what it is to be called with, by name; people and policies see them.
        policy: the one to ask by; one that the server does not know always asks a person. All of
            the server's by default.
        timeout_s: how long to wait, as the policy says by default.
        on_silence: what it means that no server answers.

    Raises:
        Denied: a policy or a person says no, nobody said anything in time, or no server answers.
    """
    run = live.now()
    if run is None:
        settle(tool, None, on_silence)
        return
    asked = {**asked_for(tool, arguments, run.settings.mask), "policy": policy or ""}
    if timeout_s is not None:
        asked["timeout_s"] = timeout_s
    answer = first_answer(run, asked)
    if answer is None or answer["verdict"] != "pending":
        tell(named(tool), answer)
    else:
        with named(tool) as pending:  # the session is seen to wait while it does
            note(pending, answer)
        with named(tool) as waiting:
            answer = decided(run, answer)
            note(waiting, answer)
    settle(tool, answer, on_silence)


async def require_approval_async(
    tool: str,
    arguments: Any = None,
    policy: str | None = None,
    *,
    timeout_s: int | None = None,
    on_silence: OnSilence = "deny",
) -> None:
    """Do as `require_approval`; others have their turn meanwhile."""
    import asyncio  # brings ssl, which only those pay for who use it

    await asyncio.to_thread(
        require_approval, tool, arguments, policy, timeout_s=timeout_s, on_silence=on_silence
    )


def asked_for(tool: str, arguments: Any, mask: Any) -> dict[str, Any]:
    """Return a tool call as the server is asked for it: masked, and of a size people can read."""
    text = capture.text({} if arguments is None else arguments, LONGEST_ARGUMENTS)
    masked = [text] if mask is None else TimedMask(mask).masked([text])
    asked: dict[str, Any] = {"id": uuid4().hex, "tool": tool, "arguments": named_values(masked)}
    for name, value in question(contexts.get_current()):
        if name in ("session", "user", "agent"):
            asked[name] = value
    return asked


def named_values(masked: Any) -> dict[str, Any]:
    """Return arguments by name; under `value` what has none, nothing where the mask failed."""
    if masked is None:
        return {}
    try:
        found = json.loads(masked[0])
    except ValueError:  # the mask, or the cut, left no JSON
        found = masked[0]
    return found if isinstance(found, dict) else {"value": found}


def asking(run: live.Runtime) -> Asking:
    """Return what asks the server that calls are recorded at."""
    from spanledger import ask  # not at import: few agents ask

    return ask.asking(run.settings.guard_url, run.settings.key, run.settings.timeout_s)


def first_answer(run: live.Runtime, asked: dict[str, Any]) -> Answer | None:
    """Return what the server says to a call, None where it does not."""
    ask = asking(run)
    try:
        return ask("POST", "/api/v1/approvals", asked)
    except Exception as error:  # noqa: BLE001 – whatever it is: nobody answers
        health.swallowed("approval", error)
        return None


def decided(run: live.Runtime, pending: Answer) -> Answer | None:
    """Return what was decided, after waiting for it; None where the server fell silent."""
    ask = asking(run)
    silent_s = time.monotonic() + FIRST_S
    while True:
        try:
            answer = ask("GET", f"/api/v1/approvals/{pending['id']}", None)
            silent_s = time.monotonic() + FIRST_S
            if answer["verdict"] != "pending":
                return answer
        except Exception as error:  # noqa: BLE001 – it may come back: the answer stays there
            health.swallowed("approval", error)
            if time.monotonic() > silent_s:
                return None
        time.sleep(POLL_S)


def named(tool: str) -> SpanScope:
    """Return the scope of a decision; of one name, so that what waited is seen to be taken up."""
    return span(f"approval of {tool}", "decision", attributes={"gen_ai.tool.name": tool})


def tell(scope: SpanScope, answer: Answer | None) -> None:
    """Record a decision that nobody waited for."""
    with scope:
        note(scope, answer)


def note(scope: SpanScope, answer: Answer | None) -> None:
    """Put on a decision what was decided, by whom, by which policy and why."""
    said = answer or {"verdict": "unanswered"}
    told = {
        ours.VERDICT: said["verdict"], ours.POLICY: said.get("policy"),
        ours.ACTOR: said.get("by"), ours.DECISION_REASON: said.get("reason"),
    }  # fmt: skip
    scope.set(**{name: value for name, value in told.items() if value})
    if answer and answer.get("arguments"):
        scope.input(answer["arguments"])


def settle(tool: str, answer: Answer | None, on_silence: OnSilence) -> None:
    """Return where a call may be made, else raise Denied."""
    if answer is None:
        if on_silence == "deny":
            raise Denied(
                tool, "unanswered", reason="no server answers, and nobody else may allow it"
            )
    elif answer["verdict"] not in ("allowed", "approved"):
        raise Denied(tool, answer["verdict"], answer.get("by", ""), answer.get("reason", ""))
