-- Whom and what the store has forgotten, so that nothing of it is shown when it comes again.
-- Users and sessions are known by a hash only.
CREATE TABLE erasures (
    project_id String,
    kind       LowCardinality(String),                -- user, session, trace; pending: a trace to be wiped
    subject    String,                                -- SHA-256 of an id in hex; of a trace its id in hex
    alias      String,                                -- what stands where the id of the user or session was
    erased_at  DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(erased_at)
ORDER BY (project_id, kind, subject)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
