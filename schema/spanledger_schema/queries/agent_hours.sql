-- What each agent's calls came to in the hour before a moment, and in the same hour of four weeks before.
WITH {until_s:UInt32} - 900 - toUnixTimestamp(line.quarter) AS back_s
SELECT
    project_id,
    line.agent AS of_agent,
    intDiv(back_s, 604800) AS weeks_ago,
    sum(line.calls) AS all_calls,
    sum(line.llm_errors) AS failed,
    sum(line.unpriced_calls) AS unpriced,
    sum(line.cost_usd) AS usd
FROM traces FINAL
ARRAY JOIN lines AS line
WHERE line.quarter < toDateTime({until_s:UInt32}, 'UTC')
    AND line.quarter >= toDateTime({until_s:UInt32} - 4 * 604800 - 3600, 'UTC')
    AND back_s % 604800 < 3600
GROUP BY project_id, of_agent, weeks_ago
ORDER BY project_id, of_agent, weeks_ago
