-- Which calls reported which usage, kept by the engine from what is written to `spans`: a call that two
-- libraries recorded in two traces is found by it where one of them tells no response id. Only a pointer,
-- like `response_ids`, and kept as long. `answered` stands early in the key: most calls tell an id, and need
-- not be compared with one another.
CREATE MATERIALIZED VIEW call_usages
ENGINE = ReplacingMergeTree
ORDER BY (project_id, answered, used, started_at, trace_id, span_id)
TTL if(ledger_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(ledger_days + 1))
SETTINGS
    index_granularity = 256,
    fsync_after_insert = 1,
    fsync_part_directory = 1
POPULATE AS
SELECT
    project_id,
    response_id != ''               AS answered,
    sipHash64(kind, service, assumeNotNull(input_tokens), assumeNotNull(output_tokens)) AS used,
    started_at,
    trace_id,
    span_id,
    assumeNotNull(ended_at)         AS ended_at,
    scope,
    received_at,
    ledger_days
FROM spans
WHERE ended_at IS NOT NULL AND kind IN ('llm', 'embedding', 'rerank')
    AND input_tokens IS NOT NULL AND output_tokens IS NOT NULL
    AND usage_state != 'absent' AND usage_source != 'estimated'
