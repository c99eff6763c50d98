-- The views of a project that were not withdrawn, by page and name.
SELECT
    page,
    name,
    argMax(asks, changed_at) AS last_asks,
    argMax(changed_by, changed_at) AS last_by,
    toUnixTimestamp64Nano(max(changed_at)) AS changed_ns
FROM views
WHERE project_id = {project:String}
GROUP BY page, name
HAVING NOT argMax(withdrawn, changed_at)
ORDER BY page, name
