-- Remove one alert that has another id by now, in every version, and return when that is done.
ALTER TABLE alerts DELETE
WHERE project_id = {project:String} AND id = {was:String}
SETTINGS mutations_sync = 2
