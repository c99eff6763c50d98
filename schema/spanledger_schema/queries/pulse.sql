-- What sessions that pass a filter did over time: how many, what they cost, how long they took.
-- Those that the list of sessions has for the same range, each once: in the bucket where it began, or
-- in the first of the range where it ran already. Failed is what the list calls so.
SELECT
    multiIf(
        {grain:String} = 'minute', formatDateTime(began, '%Y-%m-%dT%H:%i', {tz:String}),
        {grain:String} = 'hour', formatDateTime(began, '%Y-%m-%dT%H:00', {tz:String}),
        formatDateTime(began, '%Y-%m-%d', {tz:String})
    ) AS bucket,
    count() AS sessions,
    countIf(failed) AS failed_sessions,
    sum(usd) AS cost_usd,
    sum(priced) AS priced_calls,
    sum(unpriced) AS unpriced_calls,
    sum(all_calls) AS calls,
    quantileExact(0.95)(length_ns) AS p95_ns
FROM (
    SELECT
        greatest(min(started_at), fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')) AS began,
        sum(cost_usd) AS usd,
        sum(priced_calls) AS priced,
        sum(unpriced_calls) AS unpriced,
        sum(calls) AS all_calls,
        argMax(status, started_at) NOT IN ('waiting', 'running')
            AND countIf(status = 'error') > 0 AS failed,
        toUnixTimestamp64Nano(max(ended_at)) - toUnixTimestamp64Nano(min(started_at)) AS length_ns
    FROM traces FINAL
    WHERE project_id = {project:String}
    GROUP BY session_key
    HAVING toUnixTimestamp64Nano(max(ended_at)) >= {since_ns:Int64}
        AND toUnixTimestamp64Nano(min(started_at)) < {until_ns:Int64}
        AND (/*filter*/ 1)
)
GROUP BY bucket
ORDER BY bucket
LIMIT {limit:UInt32}
