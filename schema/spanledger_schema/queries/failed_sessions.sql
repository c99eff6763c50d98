-- What sessions cost in a range of time, and how much of that went to those that ended in an error.
-- A session has failed as the list of sessions says it: one of its traces did, and it is over. What
-- the filter leaves out of its spend changes nothing about that.
SELECT
    countIf(failed) AS failed_count,
    sumIf(usd, failed) AS failed_usd,
    sumIf(unpriced, failed) AS failed_unpriced,
    sum(usd) AS all_usd,
    sum(unpriced) AS all_unpriced
FROM (
    SELECT
        session_key IN (
            SELECT session_key
            FROM traces FINAL
            WHERE project_id = {project:String}
            GROUP BY session_key
            HAVING argMax(status, started_at) NOT IN ('waiting', 'running')
                AND countIf(status = 'error') > 0
        ) AS failed,
        sum(lines.cost_usd) AS usd,
        sum(lines.unpriced_calls) AS unpriced
    FROM traces FINAL
    ARRAY JOIN lines
    WHERE project_id = {project:String}
        AND lines.quarter >= toDateTime({since_s:UInt32}, 'UTC')
        AND lines.quarter < toDateTime({until_s:UInt32}, 'UTC')
        AND (/*filter*/ 1)
    GROUP BY session_key
)
