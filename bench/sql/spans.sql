-- The spans; one in 50 that `again` asks for is sent a second time.
INSERT INTO spans (
    project_id, trace_id, span_id, parent_span_id, ver, received_at, started_at, ended_at, kind, name, status,
    error_type, service, environment, scope, dialect, session_id, session_rank, user_id, tags, agent, tool,
    provider, request_model, response_model, response_id, usage_state, usage_source, input_tokens, output_tokens,
    cache_read_tokens, cost_usd, computed_usd, cost_source, price_status, bill_meters, bill_quantities, preview
)
SELECT
    project_id, trace_id, span_id, parent_span_id, ver, received_at, started_at, ended_at, kind, name, status,
    error_type, service, environment, scope, dialect, session_id, 1, user_id, tags, agent, tool,
    provider, response_model, response_model, response_id, usage_state, usage_source, input_tokens, output_tokens,
    cache_read_tokens, cost_usd, cost_usd, cost_source, price_status, bill_meters, bill_quantities, preview
FROM (/*ledger*/)
WHERE {again:UInt8} = 0 OR dice % 50 = 0
