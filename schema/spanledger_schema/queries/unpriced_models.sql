-- Models with billed calls that used something and have no dollars, most tokens first.
SELECT
    provider,
    if(response_model != '', response_model, request_model) AS model,
    groupUniqArray(10)(price_reason) AS reasons,
    count() AS call_count,
    sum(ifNull(input_tokens, 0) + ifNull(output_tokens, 0)) AS tokens,
    toUnixTimestamp64Nano(min(started_at)) AS first_ns,
    toUnixTimestamp64Nano(max(started_at)) AS last_ns,
    toUnixTimestamp64Nano(max(priced_at)) AS last_priced_ns
FROM spans FINAL
WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT trace_id FROM traces FINAL
        WHERE project_id = {project:String} AND unpriced_calls > 0
            AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
            AND ended_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    )
    AND (trace_id, span_id) NOT IN (
        SELECT trace_id, span
        FROM traces FINAL
        ARRAY JOIN `not_billed.span_id` AS span
        WHERE project_id = {project:String} AND unpriced_calls > 0
    )
    AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
    AND cost_usd IS NULL
    AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
GROUP BY provider, model
ORDER BY tokens DESC, provider, model
LIMIT {limit:UInt32}
