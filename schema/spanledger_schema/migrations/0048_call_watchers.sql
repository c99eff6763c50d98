-- Who tells of calls: which libraries of which services, with response ids or without, kept by the engine
-- from what is written to `spans`. A few rows a project. Where one library alone tells of calls, no call can
-- have been recorded twice, and nobody need be asked for its twin.
CREATE MATERIALIZED VIEW call_watchers
ENGINE = ReplacingMergeTree
ORDER BY (project_id, service, scope, answered)
SETTINGS
    fsync_after_insert = 1,
    fsync_part_directory = 1
POPULATE AS
SELECT DISTINCT
    project_id,
    service,
    scope,
    response_id != ''   AS answered
FROM spans
WHERE ended_at IS NOT NULL AND kind IN ('llm', 'embedding', 'rerank')
