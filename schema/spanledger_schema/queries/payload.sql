-- What one span carried; no row when its payload has expired.
SELECT attributes, events, links, resource, scope
FROM payloads FINAL
WHERE project_id = {project:String}
    AND trace_id = toFixedString(unhex({trace:String}), 16)
    AND span_id = toFixedString(unhex({span:String}), 8)
