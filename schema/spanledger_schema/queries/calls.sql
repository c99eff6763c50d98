-- The calls of some traces that a filter means: what they used, and what that was billed at.
-- Every span with usage counts as one here, also those whose trace does not bill them.
-- The filter is asked again, of the newest version of each span.
SELECT
    trace_id,
    span_id,
    ver,
    provider,
    if(response_model != '', response_model, request_model) AS model,
    toUnixTimestamp64Nano(started_at) AS start_ns,
    toUnixTimestamp64Nano(priced_at) AS priced_ns,
    usage_source,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    cache_write_1h_tokens,
    reasoning_tokens,
    other_meters,
    price_context,
    reported_usd,
    cost_usd,
    cost_source,
    price_status,
    computed_usd,
    bill_meters,
    bill_quantities,
    bill_rates_usd,
    bill_usd
FROM spans FINAL
PREWHERE project_id = {project:String}
    AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16))
WHERE started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
    AND usage_state = 'reported'
    AND ({provider:String} = '' OR provider = {provider:String})
    AND ({model:String} = '' OR model = {model:String})
    AND (NOT {only_unpriced:Bool} OR cost_usd IS NULL)
ORDER BY trace_id, span_id
