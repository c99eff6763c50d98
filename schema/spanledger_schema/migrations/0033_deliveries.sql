-- Attempts to tell of an alert on a channel, and tests of a channel that somebody asked for. The last
-- attempt of a message and channel says how it stands; one written down twice is one row.
CREATE TABLE deliveries (
    project_id  String,
    message_id  String,                    -- the alert's id and what is told of it: <alert>.1, <alert>.recovered
    channel     LowCardinality(String),
    attempt     UInt32,                    -- 0: a test was asked for
    at          DateTime64(6, 'UTC'),
    event       LowCardinality(String),    -- fired, reminded, recovered, test
    outcome     LowCardinality(String),    -- asked, delivered, retry, dead
    next_at     Nullable(DateTime64(6, 'UTC')),
    error       LowCardinality(String)     -- a closed word such as status_503; never what was answered
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (project_id, message_id, channel, attempt)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
