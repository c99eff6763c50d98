-- Some sessions with all that a table shows of them. A session is all traces with its id.
-- Which traces these are is looked up first, in one column and its index: FINAL reads no index but the key.
-- PREWHERE reads the other columns of those rows alone; it may stand before FINAL because it asks of the key,
-- which all versions of a row have in common.
SELECT
    session_key,
    max(session_id) != '' AS reported,
    argMin(name, started_at) AS first_name,
    argMaxIf(user_id, started_at, user_id != '') AS last_user,
    argMinIf(agent, started_at, agent != '') AS first_agent,
    argMinIf(service, started_at, service != '') AS first_service,
    argMinIf(environment, started_at, environment != '') AS first_environment,
    multiIf(
        argMax(status, started_at) IN ('waiting', 'running'), argMax(status, started_at),
        countIf(status = 'error') > 0, 'error',
        'ok'
    ) AS state,
    toUnixTimestamp64Nano(min(started_at)) AS start_ns,
    toUnixTimestamp64Nano(max(ended_at)) AS end_ns,
    sum(waiting_ns) AS waiting,
    count() AS trace_count,
    sum(spans) AS span_count,
    groupUniqArrayArray(20)(tags) AS all_tags,
    groupUniqArrayArray(20)(lines.model) AS models,
    sum(tool_calls) AS tool_calls_sum,
    sum(errors) AS errors_sum,
    sum(tool_errors) AS tool_errors_sum,
    sum(calls) AS calls_sum,
    sum(llm_errors) AS llm_errors_sum,
    sum(priced_calls) AS priced_calls_sum,
    sum(unpriced_calls) AS unpriced_calls_sum,
    sum(unpriced_tokens) AS unpriced_tokens_sum,
    sum(calls_without_usage) AS calls_without_usage_sum,
    sum(estimated_calls) AS estimated_calls_sum,
    sum(input_tokens) AS input_tokens_sum,
    sum(output_tokens) AS output_tokens_sum,
    sum(cache_read_tokens) AS cache_read_tokens_sum,
    sum(cache_write_tokens) AS cache_write_tokens_sum,
    sum(reasoning_tokens) AS reasoning_tokens_sum,
    sum(cost_usd) AS cost_usd_sum,
    sum(estimated_usd) AS estimated_usd_sum
FROM traces FINAL
PREWHERE project_id = {project:String}
    AND trace_id IN (
        SELECT trace_id FROM traces
        WHERE project_id = {project:String} AND session_key IN {keys:Array(String)}
    )
WHERE session_key IN {keys:Array(String)}
GROUP BY session_key
