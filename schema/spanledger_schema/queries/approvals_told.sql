-- Approvals of all projects that wait, or were decided or ran out of time since a moment, oldest first.
-- Without arguments: nobody is told those.
SELECT
    project_id, id, tool, policy, session_id, user_id, agent,
    toUnixTimestamp64Nano(asked_at) AS asked_ns,
    toUnixTimestamp64Nano(expires_at) AS expires_ns,
    verdict, decided_by, reason,
    toUnixTimestamp64Nano(decided_at) AS decided_ns,
    channels
FROM approvals FINAL
WHERE coalesce(decided_at, expires_at) >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
ORDER BY asked_ns, project_id, id
LIMIT 100000
