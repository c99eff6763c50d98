-- Spend in a range of time by any of the dimensions in `by`; the others are '' on every row.
-- Lines carry quarters of an hour, so that hours and days of any time zone are sums of them.
-- Tags are one value, all of a trace's: a trace with two is then counted once.
-- `bucket` is the start of the hour, day, week or month on the clock of that zone.
SELECT
    multiIf(
        has({by:Array(String)}, 'hour'), formatDateTime(line.quarter, '%Y-%m-%dT%H:00', {tz:String}),
        has({by:Array(String)}, 'day'), formatDateTime(line.quarter, '%Y-%m-%d', {tz:String}),
        has({by:Array(String)}, 'week'), toString(toStartOfWeek(line.quarter, 1, {tz:String})),
        has({by:Array(String)}, 'month'), formatDateTime(line.quarter, '%Y-%m', {tz:String}),
        ''
    ) AS bucket,
    if(has({by:Array(String)}, 'model'), line.model, '') AS model,
    if(has({by:Array(String)}, 'provider'), line.provider, '') AS provider,
    if(has({by:Array(String)}, 'kind'), line.kind, '') AS kind,
    if(has({by:Array(String)}, 'agent'), line.agent, '') AS by_agent,
    if(has({by:Array(String)}, 'user'), user_id, '') AS by_user,
    if(has({by:Array(String)}, 'service'), service, '') AS by_service,
    if(has({by:Array(String)}, 'environment'), environment, '') AS by_environment,
    if(has({by:Array(String)}, 'session'), session_key, '') AS by_session,
    if(has({by:Array(String)}, 'tag'), arrayStringConcat(arraySort(tags), ', '), '') AS by_tag,
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
GROUP BY bucket, model, provider, kind, by_agent, by_user, by_service, by_environment, by_session, by_tag
ORDER BY bucket, cost_usd_sum DESC, model, provider, kind, by_agent, by_user, by_service, by_environment, by_session, by_tag
LIMIT {limit:UInt32}
