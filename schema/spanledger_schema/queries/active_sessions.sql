-- Sessions that did something since a moment, the latest first, with what their last hour cost.
-- `known` grows with every span that arrives: a session that knows no more need not be looked at again.
SELECT
    project_id,
    session_key,
    argMax(agent, spans) AS of_agent,
    sum(calls) + sum(tool_calls) AS steps,
    sum(tool_calls) AS tool_steps,
    sum(calls) AS call_steps,
    sum(spans) AS known,
    sum(arraySum(arrayMap(
        (at, usd) -> if(at >= toDateTime({hour_s:UInt32}, 'UTC'), usd, toDecimal128(0, 12)),
        lines.quarter, lines.cost_usd
    ))) AS hour_usd,
    sum(arraySum(arrayMap(
        (at, n) -> if(at >= toDateTime({hour_s:UInt32}, 'UTC'), n, 0), lines.quarter, lines.unpriced_calls
    ))) AS hour_unpriced
FROM traces FINAL
WHERE (project_id, session_key) IN (
    SELECT project_id, session_key FROM traces WHERE ended_at >= toDateTime({active_s:UInt32}, 'UTC')
)
GROUP BY project_id, session_key
ORDER BY max(ended_at) DESC, project_id, session_key
LIMIT 5000
