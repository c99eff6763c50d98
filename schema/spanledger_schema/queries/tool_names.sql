-- The tools that a project called since a moment.
SELECT DISTINCT tool
FROM spans
WHERE project_id = {project:String}
    AND kind = 'tool'
    AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
LIMIT 10000
