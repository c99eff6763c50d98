-- Filters that people gave a name: what an address of a page says after its "?". Only added to; of the
-- rows of one name the last one holds, and it may say that the view is withdrawn.
CREATE TABLE views (
    project_id   String,
    page         LowCardinality(String),    -- sessions, spend
    name         String,
    asks         String,                    -- range=7d&q=agent%3Arefunds&columns=…
    withdrawn    Bool,
    changed_by   String,
    changed_at   DateTime64(9, 'UTC')
)
ENGINE = MergeTree
ORDER BY (project_id, page, name, changed_at)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
