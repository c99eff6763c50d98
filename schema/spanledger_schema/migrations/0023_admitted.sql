-- Which models and tags have a place of their own in the totals of a day; it only grows.
-- Totals from before are shown as they are: everything in them has its place.
CREATE TABLE admitted (
    project_id  LowCardinality(String),
    dimension   LowCardinality(String),     -- model, tag
    day         Date,                       -- UTC, of the start of a call, or of a trace
    digest      FixedString(16)             -- of the value, by SHA-256: a tag may name a person
)
ENGINE = ReplacingMergeTree
ORDER BY (project_id, dimension, day, digest)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
AS
SELECT DISTINCT
    project_id,
    'model'                                            AS dimension,
    toDate(line.1)                                     AS day,
    toFixedString(substring(SHA256(line.2), 1, 16), 16) AS digest
FROM traces FINAL
ARRAY JOIN arrayZip(lines.quarter, lines.model) AS line
UNION ALL
SELECT DISTINCT
    project_id,
    'tag'                                              AS dimension,
    toDate(started_at)                                 AS day,
    toFixedString(substring(SHA256(splitByChar(':', assumeNotNull(tag))[1]), 1, 16), 16) AS digest
FROM traces FINAL
ARRAY JOIN tags AS tag
