-- What an operator has stopped: a session, an agent, a user or a whole project. Only added to; of the
-- rows of one id the last one holds, and it may say that the stop is lifted.
CREATE TABLE stops (
    project_id   String,
    id           String,
    subject      LowCardinality(String),    -- project, session, agent, user
    value        String,
    lifted       Bool,
    reason       String,
    created_by   String,
    created_at   DateTime64(9, 'UTC')
)
ENGINE = MergeTree
ORDER BY (project_id, id, created_at)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
