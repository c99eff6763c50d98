-- One row, written now and then to see whether the database takes rows at all.
CREATE TABLE probes (
    id   UInt8,
    at   DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY id
