-- What an operator set otherwise about a detector, for one agent or ('') for all. Only added to; of the
-- rows of one detector and agent the last one holds, and it may say that nothing is set any more.
CREATE TABLE tunings (
    project_id   String,
    detector     LowCardinality(String),
    agent        String,
    limit_amount Nullable(Decimal(38, 12)),   -- NULL: the detector's own
    muted        Bool,
    created_by   String,
    note         String,
    created_at   DateTime64(9, 'UTC')
)
ENGINE = MergeTree
ORDER BY (project_id, detector, agent, created_at)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
