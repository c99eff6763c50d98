-- Calls of some tools since a moment, newest first, with what they carried; '' where that has expired.
WITH called AS (
    SELECT
        trace_id, span_id, parent_span_id, name, tool, agent,
        toUnixTimestamp64Nano(started_at) AS start_ns,
        toUnixTimestamp64Nano(ended_at) AS end_ns
    FROM spans FINAL
    WHERE project_id = {project:String}
        AND kind = 'tool'
        AND tool IN {tools:Array(String)}
        AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    ORDER BY started_at DESC, trace_id, span_id
    LIMIT {limit:UInt32}
)
SELECT
    trace_id, span_id, parent_span_id, name, tool, agent, start_ns, end_ns, session_key,
    attributes, events, resource, scope
FROM called
LEFT JOIN (
    SELECT trace_id, session_key FROM traces FINAL
    WHERE project_id = {project:String} AND trace_id IN (SELECT trace_id FROM called)
) AS owned USING (trace_id)
LEFT JOIN (
    SELECT trace_id, span_id, attributes, events, resource, scope FROM payloads FINAL
    WHERE project_id = {project:String}
        AND trace_id IN (SELECT trace_id FROM called)
        AND (payload_days = 0 OR received_at + toIntervalDay(payload_days) > now())
) AS carried USING (trace_id, span_id)
ORDER BY start_ns DESC, trace_id, span_id
