-- Budgets as they were written down: whose spend, how much of it, in which period, when to tell.
-- Nothing is changed or removed: of the rows of one id the last one holds, and it may say that the
-- id holds no more.
CREATE TABLE budgets (
    project_id   String,
    id           String,
    written      String,                    -- the fields of a budget, one JSON object
    withdrawn    Bool,
    created_at   DateTime64(9, 'UTC'),
    created_by   String,                    -- who, as they say; '' unknown
    note         String                     -- why
)
ENGINE = MergeTree
ORDER BY (project_id, id, created_at)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
