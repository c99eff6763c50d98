-- What each agent's calls came to in the hour before a moment, and in the same hour of four weeks before.
WITH {until_s:UInt32} - 900 - toUnixTimestamp(lines.quarter) AS back_s
SELECT
    project_id,
    lines.agent AS of_agent,
    intDiv(back_s, 604800) AS weeks_ago,
    sum(lines.calls) AS all_calls,
    sum(lines.llm_errors) AS failed,
    sum(lines.unpriced_calls) AS unpriced,
    sum(lines.cost_usd) AS usd
FROM traces FINAL
ARRAY JOIN lines
WHERE lines.quarter < toDateTime({until_s:UInt32}, 'UTC')
    AND lines.quarter >= toDateTime({until_s:UInt32} - 4 * 604800 - 3600, 'UTC')
    AND back_s % 604800 < 3600
GROUP BY project_id, of_agent, weeks_ago
ORDER BY project_id, of_agent, weeks_ago
