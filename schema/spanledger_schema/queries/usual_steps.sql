-- How many steps 95 of 100 sessions of an agent stay below, of those that ended in the last four weeks.
SELECT project_id, of_agent, toUInt64(quantileExact(0.95)(steps)) AS usual, count() AS sessions
FROM (
    SELECT project_id, session_key, argMax(agent, spans) AS of_agent, sum(calls) + sum(tool_calls) AS steps
    FROM traces FINAL
    WHERE ended_at >= toDateTime({since_s:UInt32}, 'UTC')
    GROUP BY project_id, session_key
    HAVING max(ended_at) < toDateTime({active_s:UInt32}, 'UTC')
)
GROUP BY project_id, of_agent
ORDER BY project_id, of_agent
