-- Which calls carry which response id, kept by the engine from what is written to `spans`: a call that
-- two libraries recorded in two traces is found by it. Only a pointer: what it names is read back and
-- compared. A skipping index on `spans` would not do: a round asks for thousands of ids, and of those
-- each granule seems to hold one. Granules are small because what is asked for is a row here and there;
-- `started_at` stands in the key so that an id which a test server gives to every answer stays cheap.
-- A pointer is kept as long as its span.
CREATE MATERIALIZED VIEW response_ids
ENGINE = ReplacingMergeTree
ORDER BY (project_id, response, started_at, trace_id, span_id)
TTL if(ledger_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(ledger_days + 1))
SETTINGS
    index_granularity = 256,
    fsync_after_insert = 1,
    fsync_part_directory = 1
POPULATE AS
SELECT
    project_id,
    sipHash64(kind, response_id)    AS response,
    started_at,
    trace_id,
    span_id,
    assumeNotNull(ended_at)         AS ended_at,
    service,
    scope,
    received_at,
    ledger_days
FROM spans
WHERE response_id != '' AND ended_at IS NOT NULL AND kind IN ('llm', 'embedding', 'rerank')
