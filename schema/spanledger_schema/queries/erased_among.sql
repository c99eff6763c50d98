-- Which of some traces were erased.
SELECT project_id, toFixedString(unhex(subject), 16) AS trace_id
FROM erasures FINAL
WHERE kind = 'trace' AND (project_id, subject) IN (
    SELECT pair.1, pair.2
    FROM (SELECT arrayJoin(arrayZip({projects:Array(String)}, {traces:Array(String)})) AS pair)
)
