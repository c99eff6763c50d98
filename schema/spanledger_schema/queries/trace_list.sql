-- Traces that were active in a range of time and pass a filter, newest first, one page of them.
SELECT
    hex(trace_id) AS trace,
    session_key,
    user_id,
    name,
    agent,
    service,
    environment,
    status,
    toUnixTimestamp64Nano(started_at) AS start_ns,
    toUnixTimestamp64Nano(ended_at) AS end_ns,
    spans AS span_count,
    tool_calls AS tool_calls_sum,
    errors AS errors_sum,
    tool_errors AS tool_errors_sum,
    calls AS calls_sum,
    llm_errors AS llm_errors_sum,
    priced_calls AS priced_calls_sum,
    unpriced_calls AS unpriced_calls_sum,
    unpriced_tokens AS unpriced_tokens_sum,
    calls_without_usage AS calls_without_usage_sum,
    estimated_calls AS estimated_calls_sum,
    input_tokens AS input_tokens_sum,
    output_tokens AS output_tokens_sum,
    cache_read_tokens AS cache_read_tokens_sum,
    cache_write_tokens AS cache_write_tokens_sum,
    reasoning_tokens AS reasoning_tokens_sum,
    cost_usd AS cost_usd_sum,
    estimated_usd AS estimated_usd_sum,
    toInt128(toUnixTimestamp64Nano(started_at)) AS order_key
FROM traces FINAL
WHERE project_id = {project:String}
    AND toUnixTimestamp64Nano(ended_at) >= {since_ns:Int64}
    AND toUnixTimestamp64Nano(started_at) < {until_ns:Int64}
    AND (/*filter*/ 1)
    AND (order_key < {after_key:Int128} OR (order_key = {after_key:Int128} AND trace < {after_id:String}))
ORDER BY order_key DESC, trace DESC
LIMIT {limit:UInt32}
