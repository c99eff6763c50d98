-- Pairs of traces that seem to hold the same call: same response id at the same time, seen by another
-- library or in another service. `asked` are calls; what comes back is to be read and compared.
WITH asked AS (
    SELECT
        entry.1                             AS project,
        sipHash64(entry.2, entry.3)         AS id,
        toFixedString(unhex(entry.4), 16)   AS trace,
        fromUnixTimestamp64Nano(entry.5, 'UTC') AS since,
        fromUnixTimestamp64Nano(entry.6, 'UTC') AS until,
        entry.7                             AS watcher_service,
        entry.8                             AS watcher_scope
    FROM (
        SELECT arrayJoin(arrayZip(
            {projects:Array(String)}, {kinds:Array(String)}, {responses:Array(String)},
            {traces:Array(String)}, {starts:Array(Int64)}, {ends:Array(Int64)},
            {services:Array(String)}, {scopes:Array(String)}
        )) AS entry
    )
)
SELECT DISTINCT asked.project, asked.trace, found.trace_id
FROM (
    SELECT project_id, response, trace_id, started_at, ended_at, service, scope
    FROM response_ids
    WHERE (project_id, response) IN (SELECT project, id FROM asked)
        -- a call that began a day before another one is not the same
        AND started_at >= fromUnixTimestamp64Nano({earliest:Int64}, 'UTC')
        AND started_at <= fromUnixTimestamp64Nano({latest:Int64}, 'UTC')
) AS found
INNER JOIN asked ON found.project_id = asked.project AND found.response = asked.id
WHERE found.trace_id != asked.trace
    AND (found.service, found.scope) != (asked.watcher_service, asked.watcher_scope)
    AND found.started_at <= asked.until
    AND found.ended_at >= asked.since
