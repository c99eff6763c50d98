-- Every span of a session in order of start, without its payload.
SELECT
    trace_id,
    span_id,
    parent_span_id,
    kind,
    name,
    if(payload_days = 0 OR received_at + toIntervalDay(payload_days) > now(), preview, '') AS preview,
    toUnixTimestamp64Nano(started_at) AS start_ns,
    toUnixTimestamp64Nano(ended_at) AS end_ns,
    status,
    error_type,
    agent,
    node,
    tool,
    provider,
    if(response_model != '', response_model, request_model) AS model,
    usage_role,
    usage_state,
    input_tokens,
    cache_read_tokens,
    cache_write_tokens,
    output_tokens,
    reasoning_tokens,
    cost_usd,
    cost_source,
    price_status,
    price_reason,
    state_from,
    state_to,
    reason,
    verdict
FROM spans FINAL
PREWHERE project_id = {project:String}
    AND trace_id IN (
        SELECT trace_id FROM traces FINAL
        PREWHERE project_id = {project:String}
            AND trace_id IN (
                SELECT trace_id FROM traces
                WHERE project_id = {project:String} AND session_key = {session:String}
            )
        WHERE session_key = {session:String}
    )
ORDER BY started_at, ended_at DESC, span_id
LIMIT {limit:UInt32}
