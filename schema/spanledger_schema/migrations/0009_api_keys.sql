-- API keys: the newest row of an id holds. Of the key itself only the SHA-256 is kept.
CREATE TABLE api_keys (
    id           String,
    digest       String,                              -- in hex
    hint         String,                              -- its last four characters, to recognise it by
    project_id   String,                              -- '*': every project
    scopes       Array(LowCardinality(String)),       -- ingest, read, admin
    name         String,                              -- what it is for, as its owner says
    created_at   DateTime64(9, 'UTC'),
    expires_at   Nullable(DateTime64(9, 'UTC')),      -- NULL: never
    revoked      Bool,
    changed_at   DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY id
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
