-- How long each project keeps what: the newest row of a project holds.
CREATE TABLE retention (
    project_id   String,                              -- '*': every project without a row of its own
    payload_days UInt16,                              -- prompts, answers, log records; 0: for ever
    ledger_days  UInt16,                              -- tokens and dollars; 0: for ever
    changed_at   DateTime64(9, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY project_id
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
