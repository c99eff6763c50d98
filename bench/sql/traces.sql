-- What the traces add up to, as the drain would write it: a line per quarter of an hour and model, and the
-- totals as their sums. With `again`, what one trace in four came to before its last step arrived.
INSERT INTO traces (
    project_id, trace_id, ver, is_deleted, session_key, session_id, user_id, name, agent, service, environment,
    tags, status, started_at, ended_at, received_at, spans, calls, tool_calls, errors, llm_errors, tool_errors,
    priced_calls, unpriced_calls, unpriced_tokens, calls_without_usage, estimated_calls, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd, estimated_usd,
    lines.quarter, lines.kind, lines.provider, lines.model, lines.agent, lines.calls, lines.llm_errors,
    lines.priced_calls, lines.unpriced_calls, lines.unpriced_tokens, lines.calls_without_usage,
    lines.estimated_calls, lines.input_tokens, lines.output_tokens, lines.cache_read_tokens,
    lines.cache_write_tokens, lines.reasoning_tokens, lines.cost_usd, lines.estimated_usd
)
SELECT
    any(project_id), trace_id, sum(part_ver), 0, any(session_id), any(session_id), any(user_id), 'refund_flow',
    any(agent), any(service), any(environment), any(tags), if(sum(bad) > 0, 'error', 'ok'),
    min(first_at), max(last_at), max(got_at), sum(all_spans), sum(billed), sum(tools), sum(bad),
    sum(bad_calls), sum(bad) - sum(bad_calls), sum(priced), sum(unpriced), sum(lost), 0, 0, sum(input),
    sum(output), sum(cached), 0, 0, sum(usd), toDecimal128(0, 12),
    groupArrayIf(quarter, billed > 0) AS quarters, groupArrayIf('llm', billed > 0),
    groupArrayIf(provider, billed > 0), groupArrayIf(response_model, billed > 0), groupArrayIf('', billed > 0),
    groupArrayIf(billed, billed > 0), groupArrayIf(bad_calls, billed > 0), groupArrayIf(priced, billed > 0),
    groupArrayIf(unpriced, billed > 0), groupArrayIf(lost, billed > 0), arrayMap(q -> 0, quarters),
    arrayMap(q -> 0, quarters), groupArrayIf(input, billed > 0), groupArrayIf(output, billed > 0),
    groupArrayIf(cached, billed > 0), arrayMap(q -> 0, quarters), arrayMap(q -> 0, quarters),
    groupArrayIf(usd, billed > 0), arrayMap(q -> toDecimal128(0, 12), quarters)
FROM (
    SELECT
        any(project_id) AS project_id, trace_id, any(session_id) AS session_id, any(user_id) AS user_id,
        any(agent) AS agent, any(service) AS service, any(environment) AS environment, any(tags) AS tags,
        toStartOfFifteenMinutes(toDateTime(started_at, 'UTC')) AS quarter, provider, response_model,
        min(started_at) AS first_at, max(ended_at) AS last_at, max(received_at) AS got_at,
        sum(toUInt128(ver)) AS part_ver, count() AS all_spans, countIf(kind = 'llm') AS billed,
        countIf(kind = 'tool') AS tools, countIf(status = 'error') AS bad,
        countIf(kind = 'llm' AND status = 'error') AS bad_calls, countIf(cost_usd IS NOT NULL) AS priced,
        billed - priced AS unpriced,
        sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), cost_usd IS NULL) AS lost,
        sum(ifNull(input_tokens, 0)) AS input, sum(ifNull(output_tokens, 0)) AS output,
        sum(ifNull(cache_read_tokens, 0)) AS cached, sum(ifNull(cost_usd, toDecimal128(0, 12))) AS usd
    FROM (/*ledger*/)
    WHERE {again:UInt8} = 0 OR (number % 4 = 0 AND step + 1 < steps)
    GROUP BY trace_id, quarter, provider, response_model
)
GROUP BY trace_id
