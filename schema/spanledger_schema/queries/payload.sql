-- What one span carried; no row when it has expired, whether or not the engine has removed it yet.
SELECT attributes, events, links, resource, scope
FROM payloads FINAL
PREWHERE project_id = {project:String}
    AND trace_id = toFixedString(unhex({trace:String}), 16)
    AND span_id = toFixedString(unhex({span:String}), 8)
WHERE (payload_days = 0 OR received_at + toIntervalDay(payload_days) > now())
