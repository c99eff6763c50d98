-- What has a place of its own in the totals of one project, dimension and day.
SELECT DISTINCT digest
FROM admitted
WHERE project_id = {project:String} AND dimension = {dimension:String} AND day = {day:Date}
