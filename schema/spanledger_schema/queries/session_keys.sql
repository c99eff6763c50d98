-- Which sessions were active in a range of time and pass a filter, in the order asked for, one page.
-- Only what order and filter need is added up here: the rest is asked of the page alone.
-- `order_key` is a whole number whatever the order, so that a page can start after another one:
-- dollars count as 1e-12, times as nanoseconds, and an ascending order turns the sign.
-- The place to begin after is not compared as a tuple: that takes a third of the time of all this.
SELECT
    session_key,
    toInt128(if({descending:Bool}, 1, -1)) * toInt128(/*order*/ 1) AS order_key
FROM traces FINAL
WHERE project_id = {project:String}
GROUP BY session_key
HAVING toUnixTimestamp64Nano(max(ended_at)) >= {since_ns:Int64}
    AND toUnixTimestamp64Nano(min(started_at)) < {until_ns:Int64}
    AND (/*filter*/ 1)
    AND (
        order_key < {after_key:Int128}
        OR (order_key = {after_key:Int128} AND session_key < {after_id:String})
    )
ORDER BY order_key DESC, session_key DESC
LIMIT {limit:UInt32}
