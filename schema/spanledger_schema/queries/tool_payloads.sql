-- What some tool calls of a session carried. No row where it has expired.
SELECT span_id, name, attributes, events, resource, scope
FROM (
    SELECT project_id, trace_id, span_id, name FROM spans FINAL
    WHERE project_id = {project:String}
        AND trace_id IN (
            SELECT trace_id FROM traces FINAL
            WHERE project_id = {project:String} AND session_key = {session:String}
        )
        AND kind = 'tool'
        AND tool IN {tools:Array(String)}
    ORDER BY started_at DESC, span_id
    LIMIT {limit:UInt32}
) AS called
INNER JOIN (
    SELECT project_id, trace_id, span_id, attributes, events, resource, scope FROM payloads FINAL
    WHERE project_id = {project:String}
        AND trace_id IN (
            SELECT trace_id FROM traces FINAL
            WHERE project_id = {project:String} AND session_key = {session:String}
        )
        AND (payload_days = 0 OR received_at + toIntervalDay(payload_days) > now())
) AS carried USING (project_id, trace_id, span_id)
