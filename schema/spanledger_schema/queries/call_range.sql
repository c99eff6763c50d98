-- From when until when there are spans, and how many; zeros in an empty ledger.
SELECT
    toUnixTimestamp64Nano(min(started_at)) AS first_ns,
    toUnixTimestamp64Nano(max(started_at)) AS last_ns,
    count() AS span_rows
FROM spans
WHERE project_id = {project:String}
