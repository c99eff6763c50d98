-- The budgets that hold, as they were last written down, of one project or ('') of all.
SELECT
    project_id,
    id,
    argMax(written, created_at) AS said,
    argMax(created_by, created_at) AS last_by,
    argMax(note, created_at) AS last_note,
    toUnixTimestamp64Nano(min(created_at)) AS first_ns,
    toUnixTimestamp64Nano(max(created_at)) AS last_ns
FROM budgets
WHERE {project:String} IN ('', project_id)
GROUP BY project_id, id
HAVING NOT argMax(withdrawn, created_at)
ORDER BY first_ns, project_id, id
