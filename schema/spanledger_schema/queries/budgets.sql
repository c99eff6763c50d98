-- The budgets that hold, as they were last written down, of one project or ('') of all; and since when
-- their limit is what it is: a budget that was withdrawn and written down again begins anew.
SELECT
    project_id,
    id,
    argMax(written, created_at) AS said,
    argMax(created_by, created_at) AS last_by,
    argMax(note, created_at) AS last_note,
    toUnixTimestamp64Nano(min(created_at)) AS first_ns,
    toUnixTimestamp64Nano(max(created_at)) AS last_ns,
    toUnixTimestamp64Nano(maxIf(created_at, amount != amount_before OR withdrawn_before)) AS limit_ns
FROM (
    SELECT
        *,
        toDecimal128OrZero(JSONExtractString(written, 'limit'), 12) AS amount,
        lagInFrame(amount) OVER earlier AS amount_before,      -- 0 before the first, which no limit is
        lagInFrame(withdrawn) OVER earlier AS withdrawn_before
    FROM budgets
    WHERE {project:String} IN ('', project_id)
    WINDOW earlier AS (
        PARTITION BY project_id, id ORDER BY created_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)
GROUP BY project_id, id
HAVING NOT argMax(withdrawn, created_at)
ORDER BY first_ns, project_id, id
