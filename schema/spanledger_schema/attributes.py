"""Attribute names that our SDK sends and our `spanledger` dialect reads.

Only what the OpenTelemetry conventions have no name for: models, tokens, tools, agents, sessions
and users travel under the names of the GenAI conventions, `session.id` and `user.id`.
"""

PREFIX = "spanledger."

KIND = "spanledger.kind"
"""What the span is, in the words of `spanledger_schema.span.Kind`."""

TRACE_NAME = "spanledger.trace.name"
TAGS = "spanledger.tags"  # string array
METADATA = "spanledger.metadata."  # + key: anything the application wants to find again

INPUT = "spanledger.input"  # JSON: arguments of the decorated function
OUTPUT = "spanledger.output"  # JSON: what it returned

NODE_NAME = "spanledger.node.name"
NODE_RUN = "spanledger.node.run"  # one logical execution; a retry or a resumed run repeats it
NODE_STEP = "spanledger.node.step"  # int

STATE_FROM = "spanledger.state.from"
STATE_TO = "spanledger.state.to"
STATE_REASON = "spanledger.state.reason"

VERDICT = "spanledger.decision.verdict"  # allowed, blocked, pending, approved, denied
POLICY = "spanledger.decision.policy"
ACTOR = "spanledger.decision.actor"
DECISION_REASON = "spanledger.decision.reason"

WAIT_FOR = "spanledger.wait.for"  # whom or what a span waits for, in words

FEEDBACK_SCORE = "spanledger.feedback.score"  # double
FEEDBACK_COMMENT = "spanledger.feedback.comment"
ESCALATION_REASON = "spanledger.escalation.reason"

COST_USD = "spanledger.cost.usd"  # decimal string: cost that no token count explains
COST_WHAT = "spanledger.cost.what"

CACHE_WRITE_1H_TOKENS = "spanledger.usage.cache_write_1h_tokens"
INPUT_AUDIO_TOKENS = "spanledger.usage.input_audio_tokens"
OUTPUT_AUDIO_TOKENS = "spanledger.usage.output_audio_tokens"
OUTPUT_IMAGE_TOKENS = "spanledger.usage.output_image_tokens"
WEB_SEARCHES = "spanledger.usage.web_searches"
RERANK_SEARCHES = "spanledger.usage.rerank_searches"

PRICE_CONTEXT = "spanledger.price."  # + key: service_tier, processing, region, speed …
