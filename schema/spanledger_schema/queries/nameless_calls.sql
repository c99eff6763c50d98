-- Which libraries told calls without a response id, in some projects.
SELECT DISTINCT project_id, scope
FROM call_usages
WHERE answered = 0 AND project_id IN {projects:Array(String)}
