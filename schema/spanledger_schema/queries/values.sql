-- Values of a field that were seen in a range of time, those of the most sessions first.
SELECT value, uniq(session_key) AS sessions
FROM traces FINAL
ARRAY JOIN arrayDistinct(/*field*/ 1) AS value
WHERE project_id = {project:String}
    AND ended_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND value != '' AND value ILIKE {pattern:String}
GROUP BY value
ORDER BY sessions DESC, value
LIMIT {limit:UInt32}
