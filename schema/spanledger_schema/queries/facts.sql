-- The narrow facts of some traces, newest version of each span: what reconciliation reads.
-- Order and meaning of the columns are those of `reconcile.Fact`, after the project and the trace.
SELECT
    project_id,
    trace_id,
    span_id,
    parent_span_id,
    ver,
    kind,
    name,
    status,
    toUnixTimestamp64Nano(started_at),
    toUnixTimestamp64Nano(ended_at),
    scope,
    dialect,
    session_id,
    session_rank,
    user_id,
    trace_name,
    tags,
    service,
    environment,
    agent,
    node,
    node_run,
    tool,
    error_type,
    provider,
    request_model,
    response_model,
    response_id,
    usage_role,
    usage_state,
    usage_source,
    input_tokens,
    output_tokens,
    cache_read_tokens,
    cache_write_tokens,
    reasoning_tokens,
    cost_usd,
    cost_source,
    price_status
FROM spans FINAL
PREWHERE (project_id, trace_id) IN (
    SELECT pair.1, toFixedString(unhex(pair.2), 16)
    FROM (SELECT arrayJoin(arrayZip({projects:Array(String)}, {traces:Array(String)})) AS pair)
)
