-- Which libraries of which services tell of calls in some projects, with response ids or without.
SELECT DISTINCT project_id, service, scope, answered
FROM call_watchers
WHERE project_id IN {projects:Array(String)}
