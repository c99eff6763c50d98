-- Tool calls that waited, or wait, for a person: asked once, decided once. That nobody decided in time
-- is not written down: it follows from `expires_at`.
CREATE TABLE approvals (
    project_id   String,
    id           String,                    -- as the asker says: asked twice, it is one
    ver          UInt8,                     -- 0 asked, 1 decided
    tool         LowCardinality(String),
    arguments    String,                    -- one JSON object
    policy       String,
    session_id   String,
    user_id      String,
    agent        LowCardinality(String),
    asked_at     DateTime64(9, 'UTC'),
    expires_at   DateTime64(9, 'UTC'),
    verdict      LowCardinality(String),    -- pending, approved, denied
    decided_by   String,
    reason       String,
    decided_at   Nullable(DateTime64(9, 'UTC'))
)
ENGINE = ReplacingMergeTree(ver)
ORDER BY (project_id, id)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
