-- When something of each project was last received.
SELECT project_id, toUnixTimestamp64Nano(max(received_at)) AS last_ns
FROM traces
GROUP BY project_id
ORDER BY project_id
