-- The delivery log of one project: every attempt since a moment, newest first.
SELECT message_id, channel, attempt, at, event, outcome, next_at, error
FROM deliveries FINAL
WHERE project_id = {project:String} AND at >= {since:DateTime64(6, 'UTC')}
ORDER BY at DESC, message_id, channel, attempt DESC
LIMIT {limit:UInt32}
