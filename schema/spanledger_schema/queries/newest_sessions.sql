-- The newest sessions that began before a moment, one page, found by the traces that began last before it.
-- A session that did not begin before the first of those has its own first trace among them, so none is missing
-- that is as new. Of the others nothing is known here: `whole` says whether those were all traces there are.
-- FINAL then reads the traces of these sessions alone, not of all.
WITH
    fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC') AS before,
    (
        SELECT if(count() < {traces:UInt32}, toDateTime64(0, 9, 'UTC'), min(started_at))
        FROM (
            SELECT started_at FROM traces
            WHERE project_id = {project:String} AND started_at < before
            ORDER BY started_at DESC
            LIMIT {traces:UInt32}
        )
    ) AS edge
SELECT
    session_key,
    toInt128(toUnixTimestamp64Nano(min(started_at))) AS order_key,
    edge = toDateTime64(0, 9, 'UTC') AS whole
FROM traces FINAL
PREWHERE project_id = {project:String}
    AND trace_id IN (
        SELECT trace_id FROM traces
        WHERE project_id = {project:String} AND session_key IN (
            SELECT session_key FROM traces
            WHERE project_id = {project:String} AND started_at >= edge AND started_at < before
        )
    )
GROUP BY session_key
HAVING min(started_at) >= edge
    AND toUnixTimestamp64Nano(max(ended_at)) >= {since_ns:Int64}
    AND toUnixTimestamp64Nano(min(started_at)) < {until_ns:Int64}
    AND (
        order_key < {after_key:Int128}
        OR (order_key = {after_key:Int128} AND session_key < {after_id:String})
    )
ORDER BY order_key DESC, session_key DESC
LIMIT {limit:UInt32}
