-- Billed calls whose sender reported dollars that the prices do not confirm: a cent in a dollar off, and
-- a millionth of a dollar at least. By model and the attribute that reported; furthest off first.
-- A report of zero is none: it is what gateways send for models they have no price of.
SELECT
    provider,
    if(response_model != '', response_model, request_model) AS model,
    reported_by,
    count() AS call_count,
    countIf(abs(reported_usd - computed_usd) > greatest(toDecimal128('0.000001', 12), computed_usd / 100))
        AS drifting_count,
    sum(reported_usd) AS reported_sum,
    sum(computed_usd) AS computed_sum
FROM spans FINAL
WHERE project_id = {project:String}
    AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
    AND reported_usd > 0
    AND computed_usd IS NOT NULL
    AND (trace_id, span_id) NOT IN (
        SELECT trace_id, span
        FROM traces FINAL
        ARRAY JOIN `not_billed.span_id` AS span
        WHERE project_id = {project:String}
    )
GROUP BY provider, model, reported_by
HAVING drifting_count > 0
ORDER BY abs(reported_sum - computed_sum) DESC, provider, model, reported_by
LIMIT {limit:UInt32}
