-- The operator's own prices and aliases as they were last written down, in order of their first day.
SELECT
    kind,
    id,
    argMax(written, created_at) AS last_written,
    argMax(withdrawn, created_at) AS last_withdrawn,
    argMax(created_by, created_at) AS last_by,
    argMax(note, created_at) AS last_note,
    toUnixTimestamp64Nano(min(created_at)) AS first_ns,
    toUnixTimestamp64Nano(max(created_at)) AS last_ns
FROM prices
GROUP BY kind, id
ORDER BY first_ns, kind, id
