-- The operator's own prices and other names of models, as they were written down.
-- Nothing here is changed or removed: of the rows of one id the last one holds, and it may say that
-- the id holds no more. What beats what is decided by `prices.own`, not here.
CREATE TABLE prices (
    kind         LowCardinality(String),    -- price, alias
    id           String,
    written      String,                    -- the row in the fields of a price file, one JSON object
    withdrawn    Bool,                      -- it holds at no time any more
    created_at   DateTime64(9, 'UTC'),
    created_by   String,                    -- who, as they say; '' unknown
    note         String                     -- why
)
ENGINE = MergeTree
ORDER BY (kind, id, created_at)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
