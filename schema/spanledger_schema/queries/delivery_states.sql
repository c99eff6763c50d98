-- How every message stands on every channel since a moment: its last attempt, and when its first was.
SELECT
    project_id,
    message_id,
    channel,
    max(attempt) AS attempts,
    min(at) AS first_at,
    argMax(event, (attempt, at)) AS about,
    argMax(outcome, (attempt, at)) AS became,
    argMax(next_at, (attempt, at)) AS due_at
FROM deliveries
WHERE at >= {since:DateTime64(6, 'UTC')}
GROUP BY project_id, message_id, channel
