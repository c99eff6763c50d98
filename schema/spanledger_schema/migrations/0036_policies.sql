-- Which tool calls need a person's word, or are refused. As in `budgets`, of the rows of one id the
-- last one holds, and it may say that the id holds no more.
CREATE TABLE policies (
    project_id   String,
    id           String,
    written      String,                    -- the fields of a policy, one JSON object
    withdrawn    Bool,
    created_at   DateTime64(9, 'UTC'),
    created_by   String,
    note         String
)
ENGINE = MergeTree
ORDER BY (project_id, id, created_at)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
