-- Some spans with every column they have, as they can be inserted again: moments are nanoseconds.
-- A new column of moments belongs into the list.
SELECT * REPLACE (
    toUnixTimestamp64Nano(received_at) AS received_at,
    toUnixTimestamp64Nano(started_at) AS started_at,
    toUnixTimestamp64Nano(ended_at) AS ended_at,
    toUnixTimestamp64Nano(priced_at) AS priced_at
)
FROM spans FINAL
PREWHERE project_id = {project:String}
    AND (trace_id, span_id) IN (
        SELECT toFixedString(unhex(pair.1), 16), toFixedString(unhex(pair.2), 8)
        FROM (SELECT arrayJoin(arrayZip({traces:Array(String)}, {spans:Array(String)})) AS pair)
    )
