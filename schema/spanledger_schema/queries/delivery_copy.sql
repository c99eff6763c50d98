-- What became of the messages of an alert holds for the id that it has now, too.
INSERT INTO deliveries (project_id, message_id, channel, attempt, at, event, outcome, next_at, error)
SELECT
    project_id,
    concat({became:String}, substring(message_id, length({was:String}) + 1)),
    channel, attempt, at, event, outcome, next_at, error
FROM deliveries FINAL
WHERE project_id = {project:String} AND startsWith(message_id, concat({was:String}, '.'))
