-- What is set otherwise about detectors now, of one project or ('') of all.
SELECT
    project_id,
    detector,
    agent,
    tupleElement(argMax(tuple(limit_amount), created_at), 1) AS bound,   -- argMax alone skips NULL
    argMax(muted, created_at) AS silent,
    argMax(created_by, created_at) AS who,
    argMax(note, created_at) AS why,
    toUnixTimestamp64Nano(max(created_at)) AS since_ns
FROM tunings
WHERE {project:String} IN ('', project_id)
GROUP BY project_id, detector, agent
HAVING silent OR bound IS NOT NULL
ORDER BY project_id, detector, agent
