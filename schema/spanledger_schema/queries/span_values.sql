-- Values of a field of single spans that were seen in a range of time, the most frequent first.
SELECT toString(/*field*/ 1) AS value, uniq(trace_id) AS sessions
FROM spans
WHERE project_id = {project:String}
    AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND value != '' AND value ILIKE {pattern:String}
GROUP BY value
ORDER BY sessions DESC, value
LIMIT {limit:UInt32}
