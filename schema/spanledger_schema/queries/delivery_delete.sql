-- Remove the messages of an alert that has another id by now, and return when that is done.
ALTER TABLE deliveries DELETE
WHERE project_id = {project:String} AND startsWith(message_id, concat({was:String}, '.'))
SETTINGS mutations_sync = 2
