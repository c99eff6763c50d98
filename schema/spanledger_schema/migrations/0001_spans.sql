-- One row per span: the narrow facts that totals are made of. Payloads are next door.
-- The key holds no time, model or session, so that a span sent twice is one row whatever it says the
-- second time; partitions follow the month of receipt, because clients' clocks cannot be trusted.
CREATE TABLE spans (
    project_id       LowCardinality(String),
    trace_id         FixedString(16),
    span_id          FixedString(8),
    parent_span_id   FixedString(8),                    -- zeros: a root
    ver              UInt64,                            -- ended << 63 | nanosecond of first receipt
    received_at      DateTime64(9, 'UTC'),
    started_at       DateTime64(9, 'UTC'),              -- receipt when the client's clock is impossible
    ended_at         Nullable(DateTime64(9, 'UTC')),    -- NULL: not ended
    kind             LowCardinality(String),
    name             String,
    status           LowCardinality(String),            -- ok, error, waiting, cancelled, unset
    error_type       LowCardinality(String),
    error_message    String,
    service          LowCardinality(String),
    environment      LowCardinality(String),
    release          LowCardinality(String),
    scope            LowCardinality(String),
    dialect          LowCardinality(String),
    session_id       String,                            -- as reported on this span, '' if not
    session_rank     UInt8,                             -- precedence among the ids of one trace
    user_id          String,
    trace_name       String,
    tags             Array(LowCardinality(String)),
    agent            LowCardinality(String),
    node             LowCardinality(String),            -- graph node that this span executes
    node_run         String,                            -- key of one logical execution of it
    node_step        Nullable(Int64),
    tool             LowCardinality(String),
    tool_call_id     String,
    provider         LowCardinality(String),
    request_model    LowCardinality(String),
    response_model   LowCardinality(String),
    response_id      String,
    streaming        Nullable(Bool),
    finish_reason    LowCardinality(String),
    ttft_ns          Nullable(UInt64),
    usage_role       LowCardinality(String),            -- '', aggregate, event
    usage_state      LowCardinality(String),            -- reported, absent, zero_suspect, invalid
    usage_source     LowCardinality(String),            -- provider, gateway, derived, estimated, none
    semantics        LowCardinality(String),            -- inclusive or exclusive, as reported
    semantics_basis  LowCardinality(String),            -- raw, scope, total, bounds, assumed
    input_tokens         Nullable(UInt64),              -- all of it: cached and written included
    output_tokens        Nullable(UInt64),              -- all of it: reasoning included
    cache_read_tokens    Nullable(UInt64),
    cache_write_tokens   Nullable(UInt64),
    cache_write_1h_tokens Nullable(UInt64),             -- the part of the writes that lives an hour
    reasoning_tokens     Nullable(UInt64),
    other_meters     Map(LowCardinality(String), UInt64), -- audio, images, searches
    cost_usd         Nullable(Decimal(38, 12)),         -- the one that counts; NULL: no price
    cost_source      LowCardinality(String),            -- priced, reported, estimated, unpriced, free
    price_status     LowCardinality(String),            -- priced, partial, unpriced, no_usage, invalid, free
    price_reason     LowCardinality(String),
    price_id         LowCardinality(String),            -- the rate card
    price_version    LowCardinality(String),
    model_priced     LowCardinality(String),            -- its name in the price list
    bill_meters      Array(LowCardinality(String)),     -- the bill, line by line
    bill_quantities  Array(UInt64),
    bill_rates_usd   Array(Decimal(38, 18)),            -- dollars per unit
    bill_usd         Array(Decimal(38, 12)),
    computed_usd     Nullable(Decimal(38, 12)),         -- from prices, also where `reported` counts
    reported_usd     Nullable(Decimal(38, 12)),         -- what the sender says it cost
    reported_by      LowCardinality(String),            -- the attribute that said so
    price_context    Map(LowCardinality(String), String), -- service tier, batch, region, …
    state_from       LowCardinality(String),
    state_to         LowCardinality(String),
    reason           String,
    verdict          LowCardinality(String),
    policy           LowCardinality(String),
    actor            String,
    preview          String,                            -- one line for the transcript
    flags            Array(LowCardinality(String))      -- what had to be mended on the way in
)
ENGINE = ReplacingMergeTree(ver)
PARTITION BY toYYYYMM(received_at)
ORDER BY (project_id, trace_id, span_id)
SETTINGS
    fsync_after_insert = 1,                             -- the spool forgets what was stored
    fsync_part_directory = 1
