-- Billed model calls of a range of time that pass a filter, in the order asked for, one page of them.
-- NULL, what is unknown, comes last however it is sorted: it is neither dear nor cheap.
SELECT
    hex(trace_id) AS trace,
    hex(span_id) AS span,
    concat(hex(trace_id), '.', hex(span_id)) AS id,
    name,
    kind,
    status,
    error_type,
    agent,
    node,
    provider,
    if(response_model != '', response_model, request_model) AS model,
    service,
    preview,
    toUnixTimestamp64Nano(started_at) AS start_ns,
    toUnixTimestamp64Nano(ended_at) AS end_ns,
    input_tokens,
    cache_read_tokens,
    output_tokens,
    cost_usd,
    cost_source,
    price_reason,
    ifNull(toInt128(/*order*/ 1), toInt128(-1)) AS order_key
FROM spans FINAL
WHERE project_id = {project:String}
    AND (kind IN {kinds:Array(String)} OR input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
    AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
    AND (/*filter*/ 1)
    AND (trace_id, span_id) NOT IN (
        SELECT trace_id, unbilled
        FROM traces FINAL
        ARRAY JOIN `not_billed.span_id` AS unbilled
        WHERE project_id = {project:String}
    )
    AND (order_key < {after_key:Int128} OR (order_key = {after_key:Int128} AND id < {after_id:String}))
ORDER BY order_key DESC, id DESC
LIMIT {limit:UInt32}
