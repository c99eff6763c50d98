-- Log records that name a span: some libraries send message content nowhere else.
-- `record_id` is a hash of the record, so that one sent twice is one row.
CREATE TABLE log_records (
    project_id   LowCardinality(String),
    trace_id     FixedString(16),
    span_id      FixedString(8),
    record_id    UInt64,
    received_at  DateTime64(9, 'UTC'),
    time_ns      UInt64,
    event_name   LowCardinality(String),
    severity     LowCardinality(String),
    body         String CODEC(ZSTD(3)),   -- JSON value, '' for none
    attributes   String CODEC(ZSTD(3)),   -- JSON object
    scope        LowCardinality(String),
    session_id   String,                  -- what the record knows of its trace, '' if nothing
    session_rank UInt8,
    user_id      String
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, trace_id, span_id, record_id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
