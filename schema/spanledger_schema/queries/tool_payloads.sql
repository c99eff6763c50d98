-- What some tool calls carried. No row where it has expired.
SELECT project_id, trace_id, span_id, attributes, events, resource, scope
FROM payloads FINAL
PREWHERE (project_id, trace_id, span_id) IN (
        SELECT call.1, toFixedString(unhex(call.2), 16), toFixedString(unhex(call.3), 8)
        FROM (
            SELECT arrayJoin(arrayZip(
                {projects:Array(String)}, {traces:Array(String)}, {spans:Array(String)}
            )) AS call
        )
    )
WHERE (payload_days = 0 OR received_at + toIntervalDay(payload_days) > now())
