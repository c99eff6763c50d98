-- Pairs of traces that may hold the same call, of which one tells no response id: same usage, begun about
-- the same time, seen by another library. `asked` are calls that one library recorded, all with a response
-- id or all without; what comes back is to be read and compared.
WITH asked AS (
    SELECT
        entry.1                                             AS project,
        sipHash64(entry.2, entry.3, entry.4, entry.5)       AS usage,
        toFixedString(unhex(entry.6), 16)                   AS trace,
        entry.7                                             AS since
    FROM (
        SELECT arrayJoin(arrayZip(
            {projects:Array(String)}, {kinds:Array(String)}, {services:Array(String)},
            {inputs:Array(UInt64)}, {outputs:Array(UInt64)},
            {traces:Array(String)}, {starts:Array(Int64)}
        )) AS entry
    )
)
SELECT DISTINCT asked.project, asked.trace, found.trace_id
FROM (
    SELECT project_id, used, trace_id, toUnixTimestamp64Nano(started_at) AS start_ns
    FROM call_usages
    WHERE answered IN {answered:Array(UInt8)}
        AND (project_id, used) IN (SELECT project, usage FROM asked)
        AND scope != {scope:String}
        AND started_at >= fromUnixTimestamp64Nano({earliest:Int64}, 'UTC')
        AND started_at <= fromUnixTimestamp64Nano({latest:Int64}, 'UTC')
) AS found
INNER JOIN asked ON found.project_id = asked.project AND found.used = asked.usage
WHERE found.trace_id != asked.trace AND abs(found.start_ns - asked.since) <= {soon:Int64}
