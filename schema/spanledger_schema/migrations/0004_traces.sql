-- One row per trace: what it adds up to, recomputed whole from its spans whenever one arrives.
-- `ver` grows with the facts a row was computed from, so that of two rows the better informed wins,
-- whoever wrote last. `lines` carry the spend by time and model: nothing stale can stay behind.
CREATE TABLE traces (
    project_id       LowCardinality(String),
    trace_id         FixedString(16),
    ver              UInt64,
    is_deleted       UInt8,
    session_key      String,                            -- session_id, or the trace id in hex
    session_id       String,                            -- '' when no span carries one
    user_id          String,
    name             String,
    agent            LowCardinality(String),
    service          LowCardinality(String),
    environment      LowCardinality(String),
    tags             Array(LowCardinality(String)),
    status           LowCardinality(String),            -- ok, error, waiting, running
    started_at       DateTime64(9, 'UTC'),
    ended_at         DateTime64(9, 'UTC'),              -- the last end that was seen
    waiting_ns       UInt64,
    spans            UInt64,
    calls            UInt64,                            -- billed model calls
    tool_calls       UInt64,
    errors           UInt64,
    llm_errors       UInt64,
    tool_errors      UInt64,
    priced_calls     UInt64,                            -- billed calls that have a cost
    unpriced_calls   UInt64,                            -- with usage, without a price
    unpriced_tokens  UInt64,
    calls_without_usage UInt64,
    estimated_calls  UInt64,
    input_tokens     UInt64,
    output_tokens    UInt64,
    cache_read_tokens  UInt64,
    cache_write_tokens UInt64,
    reasoning_tokens UInt64,
    cost_usd         Decimal(38, 12),                   -- of the priced calls
    estimated_usd    Decimal(38, 12),
    lines Nested (
        quarter           DateTime('UTC'),              -- quarter of an hour: days of any time zone add up
        kind              LowCardinality(String),
        provider          LowCardinality(String),
        model             LowCardinality(String),
        agent             LowCardinality(String),
        calls             UInt64,
        llm_errors        UInt64,
        priced_calls      UInt64,
        unpriced_calls    UInt64,
        unpriced_tokens   UInt64,
        calls_without_usage UInt64,
        estimated_calls   UInt64,
        input_tokens      UInt64,
        output_tokens     UInt64,
        cache_read_tokens UInt64,
        cache_write_tokens UInt64,
        reasoning_tokens  UInt64,
        cost_usd          Decimal(38, 12),
        estimated_usd     Decimal(38, 12)
    ),
    not_billed Nested (
        span_id           FixedString(8),
        reason            LowCardinality(String)        -- rollup, duplicate, aggregate, …
    ),
    INDEX session_key session_key TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(ver, is_deleted)
ORDER BY (project_id, trace_id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
