-- Spend in a range of time by some keys (`filter_sql.SPEND_KEYS`), where there are none as one row.
-- Lines carry quarters of an hour, so that hours and days of any time zone are sums of them.
-- Keys that nobody asked for are not in it: the engine takes longer to read a query than to run it.
SELECT
    /*keys*/ 1,
    uniqExact(session_key) AS sessions,
    sum(line.calls) AS calls_sum,
    sum(line.llm_errors) AS llm_errors_sum,
    sum(line.priced_calls) AS priced_calls_sum,
    sum(line.unpriced_calls) AS unpriced_calls_sum,
    sum(line.unpriced_tokens) AS unpriced_tokens_sum,
    sum(line.calls_without_usage) AS calls_without_usage_sum,
    sum(line.estimated_calls) AS estimated_calls_sum,
    sum(line.input_tokens) AS input_tokens_sum,
    sum(line.output_tokens) AS output_tokens_sum,
    sum(line.cache_read_tokens) AS cache_read_tokens_sum,
    sum(line.cache_write_tokens) AS cache_write_tokens_sum,
    sum(line.reasoning_tokens) AS reasoning_tokens_sum,
    sum(line.cost_usd) AS cost_usd_sum,
    sum(line.estimated_usd) AS estimated_usd_sum
FROM traces FINAL
ARRAY JOIN lines AS line
WHERE project_id = {project:String}
    AND line.quarter >= toDateTime({since_s:UInt32}, 'UTC')
    AND line.quarter < toDateTime({until_s:UInt32}, 'UTC')
    AND (/*filter*/ 1)
GROUP BY ALL
ORDER BY /*order*/ 1
LIMIT {limit:UInt32}
