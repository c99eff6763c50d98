-- Who changed what, when and why: prices, repricings and whatever else moves dollars. Only added to.
CREATE TABLE audit (
    at           DateTime64(9, 'UTC'),
    project_id   String,                    -- '' every project
    actor        String,                    -- who, as they say; '' unknown
    action       LowCardinality(String),    -- price.append, price.end, reprice, …
    subject      String,                    -- the id or the range that it was done to
    was          String,                    -- before, JSON, '' for nothing
    became       String,                    -- after, JSON, '' for nothing
    note         String                     -- why
)
ENGINE = MergeTree
ORDER BY at
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
