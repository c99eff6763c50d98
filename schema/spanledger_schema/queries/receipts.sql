-- How many traces of a project were last received in a stretch of time.
SELECT uniqExact(trace_id) AS found
FROM traces
WHERE project_id = {project:String}
    AND received_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
