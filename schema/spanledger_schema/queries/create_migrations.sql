-- What has been applied here, recorded as soon as it ran: ClickHouse rolls no DDL back.
CREATE TABLE IF NOT EXISTS migrations (
    number      UInt32,
    name        String,
    digest      String,                     -- SHA-256 of the file
    applied_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
