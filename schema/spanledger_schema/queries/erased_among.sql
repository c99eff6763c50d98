-- Which of some traces were erased, or are being erased where `pending` is asked for too.
SELECT project_id, toFixedString(unhex(subject), 16) AS trace_id
FROM erasures FINAL
WHERE kind IN ({kinds:Array(String)}) AND (project_id, subject) IN (
    SELECT pair.1, pair.2
    FROM (SELECT arrayJoin(arrayZip({projects:Array(String)}, {traces:Array(String)})) AS pair)
)
