-- The log records that were joined to one span, in order of time.
SELECT time_ns, event_name, severity, body, attributes
FROM log_records FINAL
WHERE project_id = {project:String}
    AND trace_id = toFixedString(unhex({trace:String}), 16)
    AND span_id = toFixedString(unhex({span:String}), 8)
    AND (payload_days = 0 OR received_at + toIntervalDay(payload_days) > now())
ORDER BY time_ns, record_id
