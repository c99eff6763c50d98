-- Alerts of periods that end after a moment, newest first, of one project or ('') of all. Those of one
-- moment stand by budget and group, the highest threshold first: 'actual:100' before 'actual:80'.
SELECT
    project_id, id, budget_id, name, group_value, threshold, severity, measure, period_start,
    period_end, fired_at, spent, limit_amount, at_least, unpriced_calls, estimated_usd, forecast,
    recovered_at, told_at, told, detail
FROM alerts FINAL
WHERE {project:String} IN ('', project_id)
    AND period_end >= toDateTime({since:DateTime64(6, 'UTC')}, 'UTC')
ORDER BY
    fired_at DESC, budget_id, group_value,
    toFloat64OrZero(splitByChar(':', threshold)[-1]) DESC, id
LIMIT 100000
