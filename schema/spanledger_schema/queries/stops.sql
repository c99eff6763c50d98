-- What is stopped now, in order of when it was, of one project or ('') of all.
SELECT
    project_id,
    id,
    argMax(subject, created_at) AS what,
    argMax(value, created_at) AS whom,
    argMax(reason, created_at) AS why,
    argMax(created_by, created_at) AS who,
    toUnixTimestamp64Nano(max(created_at)) AS since_ns
FROM stops
WHERE {project:String} IN ('', project_id)
GROUP BY project_id, id
HAVING NOT argMax(lifted, created_at)
ORDER BY since_ns, project_id, id
