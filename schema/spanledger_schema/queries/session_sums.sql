-- What all sessions of a project add up to, each of them added up first.
SELECT count() AS session_count, sum(of_calls) AS calls_sum, sum(of_usd) AS cost_usd_sum
FROM (
    SELECT session_key, sum(calls) AS of_calls, sum(cost_usd) AS of_usd
    FROM traces FINAL
    WHERE project_id = {project:String}
    GROUP BY session_key
)
