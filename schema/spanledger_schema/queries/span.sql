-- One span with everything known about it but its payload, and what its trace says of it.
SELECT
    s.* REPLACE (
        if(s.payload_days = 0 OR s.received_at + toIntervalDay(s.payload_days) > now(), s.error_message, '') AS error_message
    ),
    toUnixTimestamp64Nano(s.started_at) AS start_ns,
    toUnixTimestamp64Nano(s.ended_at) AS end_ns,
    t.session_key AS session_key,
    t.user_id AS trace_user,
    t.`not_billed.span_id` AS not_billed_ids,
    t.`not_billed.reason` AS not_billed_reasons
FROM spans AS s FINAL
LEFT JOIN (
    SELECT * FROM traces FINAL
    WHERE project_id = {project:String} AND trace_id = toFixedString(unhex({trace:String}), 16)
) AS t ON t.trace_id = s.trace_id
WHERE s.project_id = {project:String}
    AND s.trace_id = toFixedString(unhex({trace:String}), 16)
    AND s.span_id = toFixedString(unhex({span:String}), 8)
