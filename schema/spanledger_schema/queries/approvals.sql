-- Approvals of a project asked for since a moment, newest first; with an id that one alone.
SELECT
    project_id, id, tool, arguments, policy, session_id, user_id, agent,
    toUnixTimestamp64Nano(asked_at) AS asked_ns,
    toUnixTimestamp64Nano(expires_at) AS expires_ns,
    verdict, decided_by, reason,
    toUnixTimestamp64Nano(decided_at) AS decided_ns,
    channels
FROM approvals FINAL
WHERE project_id = {project:String}
    AND {id:String} IN ('', id)
    AND asked_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
ORDER BY asked_at DESC, id
LIMIT {limit:UInt32}
