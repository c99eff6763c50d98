-- Everything heavy about a span, apart so that it can expire while the ledger stays.
CREATE TABLE payloads (
    project_id   LowCardinality(String),
    trace_id     FixedString(16),
    span_id      FixedString(8),
    ver          UInt64,
    received_at  DateTime64(9, 'UTC'),
    attributes   String CODEC(ZSTD(3)),   -- all of them as sent, one JSON object
    events       String CODEC(ZSTD(3)),   -- JSON array, '' for none
    links        String CODEC(ZSTD(3)),   -- JSON array, '' for none
    resource     String CODEC(ZSTD(3)),   -- JSON object
    scope        String CODEC(ZSTD(3))    -- JSON object: name, version, schema_url
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, trace_id, span_id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
