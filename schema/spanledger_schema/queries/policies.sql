-- The policies that hold, in the order they were first written down, of one project or ('') of all.
SELECT
    project_id,
    id,
    argMax(written, created_at) AS said,
    argMax(created_by, created_at) AS last_by,
    toUnixTimestamp64Nano(min(created_at)) AS first_ns,
    toUnixTimestamp64Nano(max(created_at)) AS last_ns
FROM policies
WHERE {project:String} IN ('', project_id)
GROUP BY project_id, id
HAVING NOT argMax(withdrawn, created_at)
ORDER BY first_ns, project_id, id
