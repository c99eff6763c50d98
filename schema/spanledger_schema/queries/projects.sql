-- Every project that has a trace, or a key of its own that is good, by name.
SELECT DISTINCT project_id
FROM (
    SELECT DISTINCT project_id FROM traces
    UNION ALL
    SELECT project_id FROM api_keys FINAL WHERE project_id != '*' AND NOT revoked
)
ORDER BY project_id
LIMIT {limit:UInt32}
