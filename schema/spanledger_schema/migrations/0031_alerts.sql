-- Thresholds of budgets that were crossed. The id is made of what an alert is about, so one that is
-- told by two processes, or again after a kill, is one row.
CREATE TABLE alerts (
    project_id     String,
    id             String,
    ver            UInt64,                    -- when it last changed
    budget_id      String,
    name           String,                    -- of the budget, as it was told
    group_value    String,                    -- the user, team, … it is about; '' for all as one
    threshold      LowCardinality(String),    -- actual:80
    severity       LowCardinality(String),
    measure        LowCardinality(String),
    period_start   DateTime('UTC'),
    period_end     DateTime('UTC'),           -- 2100 where there is none
    fired_at       DateTime64(6, 'UTC'),
    spent          Decimal(38, 12),           -- in the budget's measure, when it fired
    limit_amount   Decimal(38, 12),
    at_least       Bool,                      -- calls without a price are not in `spent`
    unpriced_calls UInt64,
    estimated_usd  Decimal(38, 12),
    forecast       Nullable(Decimal(38, 12)),
    recovered_at   Nullable(DateTime64(6, 'UTC')),
    told_at        Nullable(DateTime64(6, 'UTC')),
    told           UInt32                     -- how many times, reminders included
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
