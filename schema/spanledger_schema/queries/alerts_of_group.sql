-- Alerts about one group, whenever they were told.
SELECT
    project_id, id, budget_id, name, group_value, threshold, severity, measure, period_start,
    period_end, fired_at, spent, limit_amount, at_least, unpriced_calls, estimated_usd, forecast,
    recovered_at, told_at, told, detail
FROM alerts FINAL
WHERE project_id = {project:String} AND group_value = {group:String}
