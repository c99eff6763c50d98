-- The last calls, tool calls and state changes of a session that count, newest first.
SELECT
    span_id,
    kind,
    agent,
    tool,
    state_to,
    input_tokens,
    if(status = 'error', if(error_type != '', error_type, 'error'), '') AS error
FROM spans FINAL
WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT trace_id FROM traces FINAL
        WHERE project_id = {project:String} AND session_key = {session:String}
    )
    AND (kind IN ('llm', 'tool') OR state_to != '')
    AND (trace_id, span_id) NOT IN (
        SELECT trace_id, arrayJoin(`not_billed.span_id`) FROM traces FINAL
        WHERE project_id = {project:String} AND session_key = {session:String}
    )
ORDER BY started_at DESC, span_id
LIMIT {limit:UInt32}
