-- What sessions cost in a range of time, and how much of that went to those that ended in an error.
-- A session has failed as the list of sessions says it: one of its traces did, and it is over.
SELECT
    countIf(failed AND in_range > 0) AS failed_count,
    sumIf(usd, failed) AS failed_usd,
    sumIf(unpriced, failed) AS failed_unpriced,
    sum(usd) AS all_usd,
    sum(unpriced) AS all_unpriced
FROM (
    WITH arrayMap(at -> toUnixTimestamp(at), `lines.quarter`) AS quarters
    SELECT
        session_key,
        argMax(status, started_at) NOT IN ('waiting', 'running')
            AND countIf(status = 'error') > 0 AS failed,
        sum(arraySum(at -> at >= {since_s:UInt32} AND at < {until_s:UInt32}, quarters)) AS in_range,
        sum(arraySum(
            (at, usd) -> if(at >= {since_s:UInt32} AND at < {until_s:UInt32}, usd, toDecimal128(0, 12)),
            quarters, `lines.cost_usd`
        )) AS usd,
        sum(arraySum(
            (at, n) -> if(at >= {since_s:UInt32} AND at < {until_s:UInt32}, n, 0),
            quarters, `lines.unpriced_calls`
        )) AS unpriced
    FROM traces FINAL
    WHERE project_id = {project:String}
    GROUP BY session_key
)
