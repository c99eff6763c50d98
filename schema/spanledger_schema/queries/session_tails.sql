-- The last calls, tool calls and state changes of some sessions that count, newest first.
WITH
    asked AS (
        SELECT arrayJoin(arrayZip({projects:Array(String)}, {sessions:Array(String)})) AS pair
    ),
    theirs AS (
        SELECT project_id, trace_id, session_key, `not_billed.span_id` AS without
        FROM traces FINAL
        WHERE (project_id, session_key) IN (SELECT pair.1, pair.2 FROM asked)
    )
SELECT
    project_id,
    session_key,
    trace_id,
    span_id,
    name,
    kind,
    agent,
    tool,
    state_to,
    input_tokens,
    if(status = 'error', if(error_type != '', error_type, 'error'), '') AS error
FROM (
    SELECT
        project_id, trace_id, span_id, name, kind, agent, tool, state_to, input_tokens, status,
        error_type, started_at
    FROM spans FINAL
    PREWHERE (project_id, trace_id) IN (SELECT project_id, trace_id FROM theirs)
    WHERE (kind IN ('llm', 'tool') OR state_to != '')
) AS step
INNER JOIN theirs USING (project_id, trace_id)
WHERE NOT has(without, span_id)
ORDER BY started_at DESC, span_id
LIMIT {limit:UInt32} BY project_id, session_key
